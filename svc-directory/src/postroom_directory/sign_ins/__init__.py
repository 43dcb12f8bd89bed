"""Sign-ins: the gateway asks whether an e-mail and a password belong together."""
