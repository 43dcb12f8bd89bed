"""Logs that were never written by a mail server, with the truth about each message: for tests and benchmarks."""
