"""One thin ASGI middleware for trace, metrics and access line.

It reads `traceparent` (W3C Trace Context), or starts a trace; the trace id is the request id the client gets back.
The OpenTelemetry SDK is an extra: with `postroom-shared[otel]` and an exporter named, spans are made too.
"""

import re
import secrets
import time

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from postroom_shared.tracing import Tracer

_TRACEPARENT = re.compile(rb"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_QUIET = frozenset({"/livez", "/readyz", "/metrics"})
_BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

log = structlog.get_logger()


class HttpMetrics:
    """The measures of one application."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.duration = Histogram(
            "http_server_request_duration_seconds",
            "Time from the request's head to the end of its answer.",
            ("method", "route", "status"),
            buckets=_BUCKETS,
            registry=registry,
        )
        self.aborted = Counter("http_server_aborted_total", "Requests whose client went away first.", registry=registry)


def trace_of(scope: Scope) -> tuple[str, str]:
    """Return trace id and parent span id of the request; fresh ones when it names none."""
    for name, value in scope["headers"]:
        if name == b"traceparent" and (found := _TRACEPARENT.fullmatch(value)):
            return found[1].decode(), found[2].decode()
    return new_trace()


def new_trace() -> tuple[str, str]:
    """Return a fresh trace id and a fresh parent span id."""
    return secrets.token_hex(16), secrets.token_hex(8)


class TelemetryMiddleware:
    """Bind the trace to the context, time the request, write one line when it is over."""

    def __init__(self, app: ASGIApp, *, metrics: HttpMetrics, tracer: Tracer, continues_traces: bool = True) -> None:
        self._app = app
        self._continues_traces = continues_traces
        self._metrics = metrics
        self._tracer = tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        trace_id, parent_id = trace_of(scope) if self._continues_traces else new_trace()
        span_id = secrets.token_hex(8)
        scope.setdefault("state", {}).update(request_id=trace_id, traceparent=f"00-{trace_id}-{span_id}-01")
        started, status = time.perf_counter(), 499

        async def send_with_request_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(raw=message["headers"])["x-request-id"] = trace_id
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=trace_id, traceparent=f"00-{trace_id}-{span_id}-01"):
            try:
                await self._app(scope, receive, send_with_request_id)
            finally:
                seconds = time.perf_counter() - started
                self._record(scope, status, seconds)
                self._tracer.span(scope, trace_id=trace_id, parent_id=parent_id, span_id=span_id, seconds=seconds)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", None) or scope.get("state", {}).get("route", "unmatched")
        self._metrics.duration.labels(scope["method"], route, status).observe(seconds)
        if status == 499:
            self._metrics.aborted.inc()
        if scope["path"] not in _QUIET:
            log.info(
                "http.request", method=scope["method"], route=route, status=status, duration_ms=round(seconds * 1e3, 1)
            )
