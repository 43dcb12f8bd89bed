"""Read one address, and bring it into the one form that is compared.

Only ASCII letters are folded: `lower()`, NFC and NFKC would turn U+212A into `k` and full-width letters into plain
ones, and so make one person's address of another's. Domains are compared as A-labels, by IDNA 2008 without any mapping.
"""

import re
import unicodedata
from functools import lru_cache

import idna

from postroom_smtp_guard.decision.domain import Rule, UnreadableError

MAX_LOCAL_OCTETS = 64  # RFC 5321 §4.5.3.1.1
MAX_DOMAIN_OCTETS = 255  # RFC 5321 §4.5.3.1.2
MAX_ADDRESS_CHARACTERS = 320

_ATEXT = r"A-Za-z0-9!#$%&'*+\-/=?^_`{|}~"
_ASCII_ADDRESS = re.compile(
    rf"[{_ATEXT}]++(?:\.[{_ATEXT}]++)*+@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{{0,61}}[A-Za-z0-9])?\.)*+"
    r"[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)
_DOT_ATOM = re.compile(rf"[{_ATEXT}\x80-\U0010ffff]++(?:\.[{_ATEXT}\x80-\U0010ffff]++)*+")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_UPPER_TO_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
# RFC 6532 allows every character beyond ASCII; these have no width, no place or no meaning of their own.
_REFUSED_CATEGORIES = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs"})


def fold(text: str) -> str:
    """Return *text* with its ASCII letters in lower case and all else as it is."""
    return text.lower() if text.isascii() else text.translate(_UPPER_TO_LOWER)


@lru_cache(maxsize=4096)
def comparable(text: str, *, utf8: bool) -> str:
    """Return an addr-spec in the form that is compared.

    A quoted local part whose content needs no quotes is that content: `"bob"@x` is `bob@x` (RFC 5321 §4.1.2).

    Args:
        text: Without angle brackets, blanks or comments.
        utf8: Whether the client announced SMTPUTF8 (RFC 6531 §3.4), so that characters beyond ASCII are legal.

    Raises:
        UnreadableError: It is no address, or one with two readings.
    """
    if text.isascii() and _ASCII_ADDRESS.fullmatch(text) and "xn--" not in text:
        local, _, domain = text.lower().rpartition("@")
        if len(local) <= MAX_LOCAL_OCTETS and len(domain) <= MAX_DOMAIN_OCTETS:
            return f"{local}@{domain}"
    return _comparable_with_care(text, utf8=utf8)


def _comparable_with_care(text: str, *, utf8: bool) -> str:
    if len(text) > MAX_ADDRESS_CHARACTERS:
        raise UnreadableError(Rule.ADDRESS_SYNTAX, MAX_ADDRESS_CHARACTERS)
    local, at, domain = text.rpartition("@")
    if not at:
        raise UnreadableError(Rule.ADDRESS_SYNTAX, _octets(text))
    local = _local_part(local)
    if not text.isascii() and not utf8:
        raise UnreadableError(Rule.NEEDS_SMTPUTF8, next(i for i, c in enumerate(text) if ord(c) > 0x7F))
    return f"{fold(local)}@{_domain(domain, offset=_octets(text) - _octets(domain))}"


def _octets(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _local_part(text: str) -> str:
    content = text[1:-1] if len(text) > 2 and text[0] == text[-1] == '"' else text
    matched = _DOT_ATOM.match(content)
    if matched is None or matched.end() != len(content):
        raise UnreadableError(Rule.ADDRESS_SYNTAX, _octets(text[: matched.end() if matched else 0]))
    if _octets(content) > MAX_LOCAL_OCTETS:
        raise UnreadableError(Rule.ADDRESS_SYNTAX, MAX_LOCAL_OCTETS)
    for index, character in enumerate(content):
        if ord(character) > 0x7F and unicodedata.category(character) in _REFUSED_CATEGORIES:
            raise UnreadableError(Rule.ADDRESS_SYNTAX, _octets(content[:index]))
    if not unicodedata.is_normalized("NFC", content):
        raise UnreadableError(Rule.NOT_NORMALISED)
    return content


def _domain(text: str, *, offset: int) -> str:
    labels = [_label(label, offset=offset) for label in text.split(".")]
    joined = ".".join(labels)
    if len(joined) > MAX_DOMAIN_OCTETS or not labels[-1].strip("0123456789"):
        raise UnreadableError(Rule.ADDRESS_SYNTAX, offset)
    return joined


def _label(text: str, *, offset: int) -> str:
    folded = fold(text)
    try:
        if not text.isascii():
            if not unicodedata.is_normalized("NFC", text):
                raise UnreadableError(Rule.NOT_NORMALISED, offset)
            return idna.alabel(folded).decode("ascii")
        if folded.startswith("xn--"):
            # A label that no U-label gives would be shown in one way and compared in another.
            return idna.alabel(idna.ulabel(folded)).decode("ascii")
    except (idna.IDNAError, UnicodeError) as error:
        raise UnreadableError(Rule.ADDRESS_SYNTAX, offset) from error
    if not _LABEL.fullmatch(folded):
        raise UnreadableError(Rule.ADDRESS_SYNTAX, offset)
    return folded
