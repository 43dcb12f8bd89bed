"""Who sent and received what, and what became of it."""
