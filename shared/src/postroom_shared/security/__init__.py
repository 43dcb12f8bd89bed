"""What keeps secrets secret: sealed fields, sealed files, and connections to hosts that users name."""
