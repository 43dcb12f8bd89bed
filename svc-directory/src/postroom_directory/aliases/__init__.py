"""Aliases: further names of an address."""
