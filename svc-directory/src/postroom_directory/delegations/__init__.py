"""Delegations: one address that may send for another."""
