"""Whole copies between two real Dovecots, compared message by message with another IMAP client."""

from collections import Counter

from postroom_import.testkit.looking import SeenFolder
from postroom_import.testkit.made_mailboxes import make_mailbox
from postroom_import.testkit.office import Office

EXPECTED_FOLDERS = {
    "INBOX": "INBOX",
    "INBOX.Gesendet": "Sent",
    "INBOX.Entwürfe": "Drafts",
    "INBOX.Papierkorb": "Trash",
}


def mapped(name: str) -> str:
    return EXPECTED_FOLDERS.get(name) or name.removeprefix("INBOX.").replace(".", "/")


def distinct(folder: SeenFolder) -> dict[str, object]:
    """Return what a copy of the folder holds: of identical messages, the first."""
    first: dict[str, object] = {}
    for message in folder.messages:
        first.setdefault(message.digest, message.without_uid)
    return first


async def test_a_whole_mailbox_is_copied_octet_for_octet_with_flags_dates_folders_and_subscriptions(
    office: Office,
) -> None:
    mailbox = make_mailbox(1, messages=150)
    await office.fill(office.source_server, office.source, mailbox, prefix="INBOX.", separator=".")
    before = await office.look(office.source_server, office.source)

    async with office.worker():
        copy = await office.until(await office.request(), "completed", "failed")

    source = await office.look(office.source_server, office.source)
    target = await office.look(office.target_server, office.target.address)
    assert copy["state"] == "completed"
    assert source == before
    for name, folder in source.items():
        copied = target[mapped(name)]
        assert {m.digest: m.without_uid for m in copied.messages} == distinct(folder), name
        assert len(copied.messages) == len(distinct(folder)), name
        assert copied.is_subscribed or not folder.is_subscribed, name
    expected = sum(len(distinct(folder)) for folder in source.values())
    progress = copy["progress"]
    assert (progress["copied"], progress["already_there"], progress["failed"]) == (
        expected,
        mailbox.messages - expected,
        0,
    )
    assert progress["messages_done"] == progress["messages_total"] == mailbox.messages
    assert copy["failures"] == []
    assert Counter(folder["state"] for folder in copy["folders"]) == {"done": len(copy["folders"])}
