"""What a copy from a server with other separators, prefix and special folders must give.

The source spells its folders `INBOX.Projets.Équipe`, with German names for special ones; the target has `/` and English
ones (`tests/integration/copies/conftest.py`).
"""

from postroom_import.testkit.looking import SeenFolder

_SPECIAL = {
    "INBOX": "INBOX",
    "INBOX.Gesendet": "Sent",
    "INBOX.Entwürfe": "Drafts",
    "INBOX.Papierkorb": "Trash",
}


def mapped(name: str) -> str:
    """Return the target's folder for a folder of the source."""
    return _SPECIAL.get(name) or name.removeprefix("INBOX.").replace(".", "/")


def expected_copy(*sources: dict[str, SeenFolder]) -> dict[str, dict[str, object]]:
    """Return what the target's folders hold after a copy: of identical messages in one of them, the first."""
    expected: dict[str, dict[str, object]] = {}
    for source in sources:
        for name in sorted(source, key=lambda name: (name != "INBOX", name)):
            folder = expected.setdefault(mapped(name), {})
            for message in source[name].messages:
                folder.setdefault(message.digest, message.without_uid)
    return expected


def held(folder: SeenFolder) -> dict[str, object]:
    """Return what a folder holds, by digest.

    Raises:
        ValueError: It holds a message twice.
    """
    found: dict[str, object] = {message.digest: message.without_uid for message in folder.messages}
    if len(found) < len(folder.messages):
        raise ValueError("a message was copied twice")
    return found
