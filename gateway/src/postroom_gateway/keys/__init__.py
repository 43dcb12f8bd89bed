"""The public keys of the gateway."""
