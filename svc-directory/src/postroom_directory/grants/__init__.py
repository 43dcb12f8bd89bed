"""Grants: what a person may do with an address."""
