"""The HTTP protocol of every service: a request's head ends within a size and a time, or the connection does.

Our server's parser gathers a head for as long as a client sends one; neither it nor the application would ever say no.
"""

import asyncio
from http import HTTPStatus
from typing import Any, cast

from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES = 64 * 1024
HEAD_WITHIN_S = 30.0


class BoundedHeadsProtocol(HttpToolsProtocol):
    """One connection.

    A head of more than `MAX_HEAD_BYTES` is answered 431, one that takes longer than `HEAD_WITHIN_S` 408 (RFC 6585 §5,
    RFC 9110 §15.5.9). The pause between two requests on a connection is the server's `timeout_keep_alive`.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._head_bytes = 0
        self._is_in_head = True
        self._patience: asyncio.TimerHandle | None = None

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as the class it extends
        super().connection_made(transport)
        self._wait_for_head()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._end_wait()
        super().connection_lost(exc)

    @override
    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._is_in_head:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    @override
    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._is_in_head, self._head_bytes = True, 0
        if self._patience is None:
            self._wait_for_head()

    @override
    def on_headers_complete(self) -> None:
        self._is_in_head = False
        self._end_wait()
        super().on_headers_complete()

    def _wait_for_head(self) -> None:
        self._patience = self.loop.call_later(HEAD_WITHIN_S, self._refuse, HTTPStatus.REQUEST_TIMEOUT)

    def _end_wait(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _refuse(self, status: HTTPStatus) -> None:
        self._end_wait()
        transport = cast("asyncio.Transport | None", self.transport)
        if transport is None or transport.is_closing():
            return
        head = f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        transport.write(head.encode("ascii"))
        transport.close()
