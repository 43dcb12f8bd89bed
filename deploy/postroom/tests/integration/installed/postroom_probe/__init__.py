"""A service for tests of the launcher: it counts its starts in its own schema."""
