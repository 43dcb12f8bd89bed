"""Passwords of addresses; never those people sign in with."""
