"""SMTP answers as daemons log them: `550 5.1.1 <a@b.example>: Recipient address rejected: User unknown`."""

import re
from typing import NamedTuple

_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}\b")
_SUBJECT = re.compile(r"<[^>]*>: ")


class Reply(NamedTuple):
    """An SMTP answer taken apart.

    Attributes:
        code: The three digits, `""` when there are none.
        enhanced: RFC 3463 code, `""` when there is none.
        subject: What the answer is about, without its brackets, when it begins with `<...>: `.
        reason: The rest.
    """

    code: str
    enhanced: str
    subject: str | None
    reason: str


def split_reply(text: str) -> Reply:
    """Take an answer apart; every part may be missing."""
    code = text[:3] if text[:3].isdigit() and text[3:4] in {" ", "-", ""} else ""
    rest = text[len(code) :].lstrip(" -")
    enhanced = _ENHANCED.match(rest)
    if enhanced:
        rest = rest[enhanced.end() :].lstrip(" -")
    subject = _SUBJECT.match(rest)
    if subject:
        return Reply(code, enhanced[0] if enhanced else "", subject[0][1:-3], rest[subject.end() :])
    return Reply(code, enhanced[0] if enhanced else "", None, rest)


def enhanced_code(text: str) -> str:
    """Return the RFC 3463 code near the beginning of an answer, or `""`."""
    found = _ENHANCED.search(text[:40])
    return found[0] if found else ""


def name_and_address(client: str) -> tuple[str, str]:
    """Split Postfix's `name[address]`; a missing part is empty."""
    name, _, rest = client.partition("[")
    return name, rest.partition("]")[0]
