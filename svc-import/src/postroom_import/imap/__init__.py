"""An IMAP client for copying mailboxes: a sans-IO core, and asyncio around it. Neither HTTP nor SQL in here.

`client` is what the copier uses. Below it: `fetching` and `appending` move messages, `connection` owns the socket,
`commands` renders what is sent, `responses` reads what comes back.

Sources: RFC 3501, 3502 (MULTIAPPEND), 4315 (UIDPLUS), 5258 and 5819 (LIST), 6154 (special use), 7888 (LITERAL+).
"""
