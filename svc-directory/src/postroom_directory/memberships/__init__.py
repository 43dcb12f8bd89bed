"""Memberships: what a person is in an organisation."""
