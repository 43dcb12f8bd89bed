"""Spans by the OpenTelemetry SDK; imported only when an exporter is configured (extra `otel`)."""

import time
from collections.abc import Mapping
from typing import Any

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, TraceFlags, set_span_in_context


class OtlpTracer:
    """Export one server span for each request, with the trace id that the log lines carry."""

    def __init__(self, service: str) -> None:
        provider = TracerProvider(resource=Resource.create({"service.name": f"postroom-{service}"}))
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = provider.get_tracer("postroom")

    def span(self, scope: Mapping[str, Any], *, trace_id: str, parent_id: str, span_id: str, seconds: float) -> None:
        """Report a request that took *seconds* and ended just now."""
        parent = SpanContext(int(trace_id, 16), int(parent_id, 16), is_remote=True, trace_flags=TraceFlags(1))
        end = time.time_ns()
        route = getattr(scope.get("route"), "path", "unmatched")
        span = self._tracer.start_span(
            f"{scope['method']} {route}",
            context=set_span_in_context(NonRecordingSpan(parent)),
            kind=SpanKind.SERVER,
            start_time=end - int(seconds * 1e9),
            attributes={"http.request.method": scope["method"], "http.route": route, "postroom.span_id": span_id},
        )
        span.end(end_time=end)
