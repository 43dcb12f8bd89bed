"""Addresses: what receives mail."""
