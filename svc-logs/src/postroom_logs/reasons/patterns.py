"""How mail servers word their refusals; the first pattern that matches decides."""

import re
from typing import Final

from postroom_logs.reasons.reason import ReasonKey as Key


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


PATTERNS: Final[tuple[tuple[Key, re.Pattern[str]], ...]] = (
    (Key.GREYLISTED, _words(r"grey-?list|gray-?list|postgrey")),
    (
        Key.LISTED,
        _words(
            r"blocked using (?P<list>[\w.-]+)|listed (?:by|in|at|on) (?P<list2>[\w.-]+\.\w+)|is in an RBL"
            r"|(?P<list3>spamhaus|spamcop|barracuda|sorbs|uceprotect)|block-?list|black-?list|dnsbl|\brbl\b"
        ),
    ),
    (Key.SENDER_NOT_OWNED, _words(r"not owned by user|sender address rejected: not logged in|sender mismatch")),
    (
        Key.MAILBOX_FULL,
        _words(
            r"quota|mailbox (?:is )?full|over ?quota|exceeded.{0,20}storage|out of storage|insufficient.{0,20}storage"
        ),
    ),
    (Key.VIRUS, _words(r"virus|infected|malware|phishing")),
    (Key.DMARC_FAILED, _words(r"dmarc")),
    (Key.SPF_FAILED, _words(r"\bspf\b|sender policy framework")),
    (Key.DKIM_FAILED, _words(r"\bdkim\b")),
    (
        Key.MAILBOX_DISABLED,
        _words(
            r"(?:mailbox|account|user|recipient)[^.;]{0,30}(?:disabled|inactive|suspended|blocked|not active|expired)"
        ),
    ),
    (
        Key.RATE_LIMITED,
        _words(
            r"rate.?limit|too many (?:connections|messages|mails|emails|requests|errors)|throttl|unusual rate|try again"
            r" later.{0,40}(?:rate|volume)|sending limit|too much mail"
        ),
    ),
    (
        Key.SENDER_DOMAIN_UNKNOWN,
        _words(r"sender address rejected: (?:domain not found|malformed)|sender.{0,20}domain.{0,30}(?:not|unresolv)"),
    ),
    (
        Key.MAILBOX_UNKNOWN,
        _words(
            r"user (?:unknown|doesn'?t exist|not found)|unknown (?:user|recipient|mailbox|local)"
            r"|no such (?:user|mailbox|recipient|address)"
            r"|(?:mailbox|recipient|address|account)[^.;]{0,40}(?:not found|does(?:n'?t| not) exist"
            r"|unknown|unavailable|invalid)|invalid (?:recipient|mailbox)|does not have an? .{0,30}account"
            r"|undeliverable address|recipient not (?:found|known)|unrouteable address|no mailbox here"
        ),
    ),
    (Key.SENDER_UNKNOWN, _words(r"sender (?:address rejected|verify|not accepted|denied|blocked)|sender address")),
    (Key.NEW_CLIENT, _words(r"4\.3\.2 service currently unavailable")),
    (Key.NAME_REFUSED, _words(r"helo|ehlo|client host rejected|reverse (?:dns|hostname)|\bptr\b|cannot find your")),
    (Key.RELAY_DENIED, _words(r"relay(?:ing)? (?:access )?(?:denied|not permitted|prohibited)|not permitted to relay")),
    (Key.LOGIN_REQUIRED, _words(r"auth(?:entication)? (?:is )?required|must (?:authenticate|log ?in)|starttls first")),
    (Key.TOO_LARGE, _words(r"(?:message|size|mail)[^.;]{0,30}(?:too (?:large|big)|exceed)|exceeds.{0,30}size")),
    (Key.TOO_MANY_RECIPIENTS, _words(r"too many recipients")),
    (Key.SPAM, _words(r"spam|unsolicited|junk|bulk mail|reputation|\bUBE\b")),
    (Key.LOOP, _words(r"loops back|mail loop|too many hops|hop count|mail forwarding loop")),
    (
        Key.TLS_FAILED,
        _words(r"cannot start tls|tls (?:is )?(?:required|handshake|not available)|certificate|\btls\b.{0,30}fail"),
    ),
    (Key.SUSPENDED, _words(r"delivery temporarily suspended")),
    (
        Key.DOMAIN_UNKNOWN,
        _words(
            r"(?:host or )?domain (?:name )?(?:not found|does not exist)|name or service not known|no such domain"
            r"|domain does not accept mail|nullMX|no route to domain"
        ),
    ),
    (Key.DNS_FAILED, _words(r"name service error|host not found|dns (?:lookup|error|fail)|no mx")),
    (Key.CONNECTION_REFUSED, _words(r"connection refused|network is unreachable|no route to host")),
    (Key.CONNECTION_TIMED_OUT, _words(r"timed? ?out")),
    (Key.CONNECTION_LOST, _words(r"lost connection|connection (?:lost|reset|closed|dropped)|broken pipe")),
    (Key.CONTENT_REFUSED, _words(r"content|header|attachment|policy|prohibited|not allowed|administrative")),
    (Key.SERVER_BUSY, _words(r"busy|unavailable|overload|try (?:again )?later|temporar|local (?:problem|error)|load")),
)

BY_ENHANCED_CODE: Final[dict[str, Key]] = {
    "1.1": Key.MAILBOX_UNKNOWN,
    "1.2": Key.DOMAIN_UNKNOWN,
    "1.6": Key.MAILBOX_UNKNOWN,
    "1.8": Key.SENDER_DOMAIN_UNKNOWN,
    "1.10": Key.DOMAIN_UNKNOWN,
    "2.1": Key.MAILBOX_DISABLED,
    "2.2": Key.MAILBOX_FULL,
    "2.3": Key.TOO_LARGE,
    "3.1": Key.MAILBOX_FULL,
    "3.4": Key.TOO_LARGE,
    "4.1": Key.CONNECTION_TIMED_OUT,
    "4.2": Key.CONNECTION_LOST,
    "4.3": Key.DNS_FAILED,
    "4.4": Key.DNS_FAILED,
    "4.6": Key.LOOP,
    "4.7": Key.EXPIRED,
    "5.3": Key.TOO_MANY_RECIPIENTS,
    "7.20": Key.DKIM_FAILED,
    "7.23": Key.SPF_FAILED,
    "7.25": Key.NAME_REFUSED,
    "7.27": Key.SENDER_DOMAIN_UNKNOWN,
}
"""What the last two numbers of an enhanced code say by themselves (RFC 3463 §3, RFC 7372 §3, RFC 7505 §4.2)."""
