"""DKIM keys: what signs the mail of a domain (RFC 6376)."""
