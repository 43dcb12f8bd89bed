"""The workers: each takes a job by a lease, carries it out, and says how it ended."""
