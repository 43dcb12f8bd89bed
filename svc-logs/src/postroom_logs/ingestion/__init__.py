"""From a source of lines to rows: each batch in one transaction with the place it ends at."""
