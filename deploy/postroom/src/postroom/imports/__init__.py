"""`postroom import`: copies of mailboxes by the public API."""
