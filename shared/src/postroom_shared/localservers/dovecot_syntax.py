"""Dovecot 2.3's configuration as a tree of settings and sections, and its text."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from postroom_shared.localservers.errors import LocalServerError


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """`kind name { settings, then sections }`; the tree's root has no kind."""

    kind: str = ""
    name: str = ""
    settings: dict[str, str] = field(default_factory=dict)
    sections: tuple["Section", ...] = ()


def render(root: Section) -> str:
    """Return the text of *root*, one setting a line.

    Raises:
        LocalServerError: A value holds a line break, which no quoting can carry.
    """
    return "\n".join(_body(root, "")) + "\n"


def _body(section: Section, indent: str) -> Iterator[str]:
    for key, value in section.settings.items():
        yield f"{indent}{key} = {_checked(value)}".rstrip()
    for child in section.sections:
        title = f"{child.kind} {_quoted(child.name)}" if child.name else child.kind
        yield f"{indent}{title} {{"
        yield from _body(child, indent + "  ")
        yield f"{indent}}}"


def _checked(value: str) -> str:
    if any(character in value for character in "\r\n\0"):
        raise LocalServerError("A Dovecot setting cannot hold a line break.")
    return value


def _quoted(name: str) -> str:
    plain = _checked(name).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{plain}"' if " " in plain or plain != name else plain
