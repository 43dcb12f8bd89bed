"""Copy a mailbox, folder by folder, exactly once."""
