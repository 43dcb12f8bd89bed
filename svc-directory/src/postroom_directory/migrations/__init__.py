"""Migrations of svc-directory, packed in the wheel."""
