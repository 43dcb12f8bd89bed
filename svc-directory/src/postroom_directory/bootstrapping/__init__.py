"""Bootstrapping: the first operator and the first organisation of an installation."""
