"""Who is calling: a session cookie or an API token becomes an internal token for one service."""
