"""Redirections: copies of an address's mail to somewhere else, once whoever gets them has agreed."""
