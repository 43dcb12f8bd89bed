"""Personal API tokens, for programs."""
