"""Mail services: domains of an organisation on a mail server, their plan and their defaults."""
