"""HTTP of the suite: one application shape, problems (RFC 9457), identity, pages, idempotency, streams, telemetry."""
