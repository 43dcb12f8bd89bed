"""Mail servers: where the mailboxes are, and how services of the suite reach them."""
