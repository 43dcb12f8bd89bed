"""The truth about organisations, people, mail services, addresses and rights."""
