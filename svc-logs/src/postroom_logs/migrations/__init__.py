"""The migrations of svc-logs, packed with it."""
