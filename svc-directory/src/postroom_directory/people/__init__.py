"""People: who can sign in."""
