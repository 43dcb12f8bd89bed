"""Where lines come from, and how far they were read."""
