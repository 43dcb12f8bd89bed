"""The migrations of svc-import's own tables."""
