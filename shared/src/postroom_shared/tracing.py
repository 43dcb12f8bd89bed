"""Trace context inside the process, and spans when the OpenTelemetry extra is installed."""

import os
from collections.abc import Mapping
from typing import Any, Protocol

import structlog


def current_traceparent() -> str | None:
    """Return the `traceparent` to send along with calls and events, if a request or message is being worked on."""
    value = structlog.contextvars.get_contextvars().get("traceparent")
    return str(value) if value else None


class Tracer(Protocol):
    """What makes spans of finished requests."""

    def span(self, scope: Mapping[str, Any], *, trace_id: str, parent_id: str, span_id: str, seconds: float) -> None:
        """Report one finished request."""


class NoTracer:
    """No spans: the default."""

    def span(self, scope: Mapping[str, Any], *, trace_id: str, parent_id: str, span_id: str, seconds: float) -> None:
        """Do nothing."""


def tracer(service: str) -> Tracer:
    """Return the tracer that the environment asks for: spans only when `OTEL_EXPORTER_OTLP_ENDPOINT` is set.

    Raises:
        ImportError: Spans are asked for and the extra `postroom-shared[otel]` is not installed.
    """
    if not os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        return NoTracer()
    from postroom_shared.opentelemetry import OtlpTracer  # noqa: PLC0415 - an extra, costly to import

    return OtlpTracer(service)
