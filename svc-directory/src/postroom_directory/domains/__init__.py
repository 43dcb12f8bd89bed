"""Domains of a mail service; an alias domain takes mail for the local parts of another."""
