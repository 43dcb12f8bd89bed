"""Organisations: who owns what."""
