"""One file for each family of daemons; a new one is found by its registration."""
