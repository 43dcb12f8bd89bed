"""The one decision for every front: bytes in; verdict, rule, field, position and remedy out. Pure.

`senders` says what a login may send as, `paths` and `mailboxes` read addresses, `header` finds the fields that name a
sender, `decide` puts them together. What can be read in two ways is refused
(docs/promises.md#sender-header): a header is judged on its raw octets, never through a forgiving parser.
"""
