"""Limits on what a client sends."""

from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from postroom_shared.http.problem import BodyTooLargeError, problem_response

MAX_BODY_OCTETS = 1 << 20
"""Bodies of the JSON API; a route for uploads raises its own limit by mounting outside."""


class BodyLimitMiddleware:
    """Refuse bodies over *max_octets*, by their announced length and while they arrive."""

    def __init__(self, app: ASGIApp, *, max_octets: int = MAX_BODY_OCTETS) -> None:
        self._app = app
        self._max_octets = max_octets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request whose body stays within the limit."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self._announced(scope) > self._max_octets:
            request_id = scope.get("state", {}).get("request_id")
            await problem_response(BodyTooLargeError(), request_id=request_id)(scope, receive, send)
            return
        received = 0

        async def receive_counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._max_octets:
                # FastAPI turns any other exception of a body it reads into a 400.
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return message

        await self._app(scope, receive_counted, send)

    @staticmethod
    def _announced(scope: Scope) -> int:
        lengths = [value for name, value in scope["headers"] if name == b"content-length"]
        return int(lengths[0]) if lengths and lengths[0].isdigit() else 0
