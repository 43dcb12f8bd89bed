"""The whole suite on one machine, and the operators' command line."""
