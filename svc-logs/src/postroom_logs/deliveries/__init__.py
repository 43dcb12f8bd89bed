"""What became of each mail, and how people find it."""
