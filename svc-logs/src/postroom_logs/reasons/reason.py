"""A reason: what is stored and what clients branch on."""

from enum import StrEnum
from typing import NamedTuple


class ReasonKey(StrEnum):
    """Every reason there is; each has a sentence in every catalogue."""

    DELIVERED = "delivered"
    DELIVERED_TO_FOLDER = "delivered-to-folder"
    DELIVERED_TO_REMOTE = "delivered-to-remote"
    JUNK = "junk"
    FORWARDED = "forwarded"
    FORWARDED_BY_ALIAS = "forwarded-by-alias"
    FILTERED = "filtered"
    REFUSED_BY_RULE = "refused-by-rule"
    HELD = "held"
    DISCARDED = "discarded"
    MAILBOX_UNKNOWN = "mailbox-unknown"
    MAILBOX_FULL = "mailbox-full"
    MAILBOX_DISABLED = "mailbox-disabled"
    DOMAIN_UNKNOWN = "domain-unknown"
    SENDER_DOMAIN_UNKNOWN = "sender-domain-unknown"
    SENDER_UNKNOWN = "sender-unknown"
    SENDER_NOT_OWNED = "sender-not-owned"
    LISTED = "listed"
    GREYLISTED = "greylisted"
    NEW_CLIENT = "new-client"
    RATE_LIMITED = "rate-limited"
    SPAM = "spam"
    VIRUS = "virus"
    CONTENT_REFUSED = "content-refused"
    TOO_LARGE = "too-large"
    TOO_MANY_RECIPIENTS = "too-many-recipients"
    RELAY_DENIED = "relay-denied"
    LOGIN_REQUIRED = "login-required"
    SPF_FAILED = "spf-failed"
    DKIM_FAILED = "dkim-failed"
    DMARC_FAILED = "dmarc-failed"
    NAME_REFUSED = "name-refused"
    TLS_FAILED = "tls-failed"
    CONNECTION_REFUSED = "connection-refused"
    CONNECTION_TIMED_OUT = "connection-timed-out"
    CONNECTION_LOST = "connection-lost"
    DNS_FAILED = "dns-failed"
    LOOP = "loop"
    SERVER_BUSY = "server-busy"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    REFUSED = "refused"
    REFUSED_FOR_NOW = "refused-for-now"


class Reason(NamedTuple):
    """A key and what its sentence needs."""

    key: ReasonKey
    parameters: dict[str, str]
