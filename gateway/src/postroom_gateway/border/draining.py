"""On SIGTERM: say so at `/readyz`, end event streams, and after a moment let the server stop accepting."""

import asyncio
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import structlog

from postroom_gateway.proxy.forwarding import OpenStreams

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
log = structlog.get_logger()


class Draining:
    """Whether this gateway is on its way out."""

    def __init__(self, streams: OpenStreams, *, delay_s: float) -> None:
        self.begun = False
        self._streams = streams
        self._delay_s = delay_s

    @contextmanager
    def on_signals(self) -> Iterator[None]:
        """Listen to the signals for the time of the block; the server's own handlers run after the delay."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        loop = asyncio.get_running_loop()
        before = {number: signal.getsignal(number) for number in _SIGNALS}

        def handle(number: int, frame: FrameType | None) -> None:
            handler = before[signal.Signals(number)]
            # A second signal, or an impatient Ctrl-C, is passed on at once.
            delay_s = 0.0 if self.begun or number == signal.SIGINT else self._delay_s
            loop.call_soon_threadsafe(self._begin, delay_s, handler, number, frame)

        for number in _SIGNALS:
            signal.signal(number, handle)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _begin(self, delay_s: float, handler: Any, number: int, frame: FrameType | None) -> None:
        if not self.begun:
            log.info("gateway.draining", delay_s=delay_s)
        self.begun = True
        if callable(handler):
            asyncio.get_running_loop().call_later(delay_s, handler, number, frame)
        asyncio.get_running_loop().call_later(delay_s, self._streams.end_all)
