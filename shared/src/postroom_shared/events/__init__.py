"""Events between services: committed to an outbox, relayed to NATS JetStream, consumed once in effect.

service ─ publish() ─▶ outbox row ─ commit ─▶ Relay ─▶ JetStream ─▶ ConsumerLoop ─▶ handler + inbox row, one commit
"""
