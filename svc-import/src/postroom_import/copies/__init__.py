"""Copies of mailboxes: asked for, watched, paused, resumed, cancelled (docs/promises.md, mailbox copy)."""
