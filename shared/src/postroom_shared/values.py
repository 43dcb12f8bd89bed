"""Value types that are parsed once, at the edge: an address is never a bare `str` inside.

`Domain` and `Address` are normalised on construction: domains in lower-case A-labels, local parts in lower case,
since Postroom's own mailboxes are case-insensitive (RFC 5321 §2.4 leaves that to the receiving host).
"""

import os
import re
import time
from typing import Any, Self
from uuid import UUID

import idna
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema
from typing_extensions import override

NIL = UUID(int=0)
"""Stands where something belongs to no organisation, such as the operator's own secrets."""

MAX_DOMAIN_OCTETS = 253  # RFC 1035 §2.3.4, without the final dot
MAX_LOCAL_PART_OCTETS = 64  # RFC 5321 §4.5.3.1.1
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
_A_LABELS = r"^([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$"
_ATEXT = re.compile(r"[^\s\"(),:;<>@\[\\\]\x00-\x20\x7f]+")  # RFC 5322 §3.2.3 atext, and RFC 6532 beyond ASCII


def uuid7() -> UUID:
    """Return a time-ordered UUID (RFC 9562 §5.7), so that new rows lie together in an index."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds & (2**48 - 1)) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return UUID(int=value)


class _Text(str):
    """A string that is checked and normalised when it is made, by pydantic too."""

    __slots__ = ()

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(
            cls,
            core_schema.str_schema(max_length=320),
            serialization=core_schema.plain_serializer_function_ser_schema(str),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {**handler(core_schema.str_schema(max_length=320)), **cls._json_schema()}

    @classmethod
    def _json_schema(cls) -> dict[str, Any]:
        return {}


class Domain(_Text):
    """A domain name in lower-case A-labels (RFC 5890): `müller.example` becomes `xn--mller-kva.example`.

    Raises:
        ValueError: It is no domain name of at least two labels.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Parse *text*; U-labels are turned into A-labels."""
        if isinstance(text, cls):
            return text
        try:
            ascii_name = text.lower() if text.isascii() else idna.encode(text, uts46=True).decode("ascii")
        except idna.IDNAError as error:
            raise ValueError("this is no domain name") from error
        labels = ascii_name.split(".")
        if len(ascii_name) > MAX_DOMAIN_OCTETS or len(labels) < 2 or not all(map(_LABEL.fullmatch, labels)):
            raise ValueError("this is no domain name")
        if labels[-1].isdigit():
            raise ValueError("this is no domain name")
        return super().__new__(cls, ascii_name)

    @classmethod
    @override
    def _json_schema(cls) -> dict[str, Any]:
        return {"pattern": _A_LABELS, "examples": ["example.com"]}


class Address(_Text):
    """A mail address without display name, `local@domain`, dot-atom local parts only (RFC 5321 §4.1.2).

    Quoted local parts are refused: no mailbox of Postroom has one.

    Raises:
        ValueError: It cannot be read as one address.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Parse *text* and lower-case both sides."""
        if isinstance(text, cls):
            return text
        local, at, domain = text.rpartition("@")
        if not at or len(local.encode()) > MAX_LOCAL_PART_OCTETS or not all(map(_ATEXT.fullmatch, local.split("."))):
            raise ValueError("this is no mail address")
        return super().__new__(cls, f"{local.lower()}@{Domain(domain)}")

    @property
    def local_part(self) -> str:
        """The part before the `@`."""
        return self.rpartition("@")[0]

    @property
    def domain(self) -> Domain:
        """The part after the `@`."""
        return Domain(self.rpartition("@")[2])

    @classmethod
    @override
    def _json_schema(cls) -> dict[str, Any]:
        return {"format": "email", "examples": ["anna@example.com"]}
