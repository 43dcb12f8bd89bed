"""`postroom login` and `postroom logout`."""
