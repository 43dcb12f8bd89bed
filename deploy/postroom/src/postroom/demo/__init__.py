"""The demo: an organisation with people of each role, filled mailboxes and a first copy."""
