"""Projection feed: what other services are told, on a question of theirs."""
