"""Migrations of the gateway's own tables."""
