"""What every request meets first: limits, headers, drain, and the choice of who answers."""
