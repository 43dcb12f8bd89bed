"""Mailboxes made from a seed, and an independent look into mailboxes: for tests and benchmarks."""
