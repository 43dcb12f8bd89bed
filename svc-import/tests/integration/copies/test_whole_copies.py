"""Whole copies between two real Dovecots, compared message by message with another IMAP client."""

from dataclasses import replace
from hashlib import sha256

from postroom_import.testkit.expected_copies import expected_copy, held, mapped
from postroom_import.testkit.made_mailboxes import MadeMailbox, MadeMessage, make_mailbox
from postroom_import.testkit.office import Office
from postroom_shared.testkit import MAILBOX_PASSWORD


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
    expected = expected_copy(source)
    for name, messages in expected.items():
        assert held(target[name]) == messages, name
    subscribed = {mapped(name) for name, folder in source.items() if folder.is_subscribed}
    assert subscribed <= {name for name, folder in target.items() if folder.is_subscribed}
    copied = sum(map(len, expected.values()))
    progress = copy["progress"]
    assert progress["copied"] == copied < mailbox.messages
    assert progress["already_there"] == mailbox.messages - copied
    assert progress["failed"] == 0
    assert progress["messages_done"] == progress["messages_total"] == mailbox.messages
    assert progress["bytes_done"] == progress["bytes_total"]
    assert copy["failures"] == []
    assert {folder["state"] for folder in copy["folders"]} == {"done"}


async def test_a_second_run_copies_nothing_and_touches_nothing(office: Office) -> None:
    await office.fill(office.source_server, office.source, make_mailbox(2, messages=60), prefix="INBOX.", separator=".")
    async with office.worker():
        first = await office.until(await office.request(), "completed", "failed")
        before = await office.look(office.target_server, office.target.address)

        second = await office.until(await office.request(), "completed", "failed")

    assert second["progress"]["copied"] == 0
    assert second["progress"]["already_there"] == first["progress"]["messages_total"]
    assert await office.look(office.target_server, office.target.address) == before


async def test_two_sources_with_the_same_messages_give_each_of_them_once(office: Office) -> None:
    same, more = make_mailbox(3, messages=50), make_mailbox(4, messages=20)
    await office.fill(office.source_server, office.source, same, prefix="INBOX.", separator=".")
    for mailbox in (same, more):
        await office.fill(office.source_server, office.second_source, mailbox, prefix="INBOX.", separator=".")
    second = {"kind": "local", "address": office.second_source, "password": MAILBOX_PASSWORD}

    async with office.worker():
        copy = await office.until(await office.request(second_source=second), "completed", "failed")

    sources = [await office.look(office.source_server, each) for each in (office.source, office.second_source)]
    target = await office.look(office.target_server, office.target.address)
    assert {name: held(target[name]) for name in expected_copy(*sources)} == expected_copy(*sources)
    assert copy["progress"]["messages_total"] == 2 * same.messages + more.messages


async def test_what_the_target_holds_already_stays_as_it_is(office: Office) -> None:
    mailbox = make_mailbox(5, messages=60)
    await office.fill(office.source_server, office.source, mailbox, prefix="INBOX.", separator=".")
    mine = {
        name: [replace(each, flags=frozenset({"$mine"})) for each in mailbox.folders[name][:3]]
        for name in ("INBOX", "Größe")
    }
    mine["INBOX"] += make_mailbox(6, messages=30).folders["INBOX"]
    await office.fill(office.target_server, office.target.address, MadeMailbox(mine, frozenset()))
    before = await office.look(office.target_server, office.target.address)

    async with office.worker():
        await office.until(await office.request(), "completed", "failed")

    after = await office.look(office.target_server, office.target.address)
    for name, folder in before.items():
        assert after[name].uidvalidity == folder.uidvalidity
        assert after[name].messages[: len(folder.messages)] == folder.messages, name
        assert len({m.digest for m in after[name].messages}) == len({m.digest for m in folder.messages}) + (
            len(after[name].messages) - len(folder.messages)
        )


async def test_folders_that_the_person_leaves_out_are_not_copied(office: Office) -> None:
    await office.fill(office.source_server, office.source, make_mailbox(7, messages=60), prefix="INBOX.", separator=".")
    options = {"include": ["INBOX.Projets"], "exclude": ["INBOX.Projets.Équipe"]}

    async with office.worker():
        copy = await office.until(await office.request(options=options), "completed", "failed")

    assert [folder["name"] for folder in copy["folders"]] == ["INBOX.Projets", "INBOX.Projets.100% sûr"]
    target = await office.look(office.target_server, office.target.address)
    assert not target["INBOX"].messages
    assert "Größe" not in target


async def test_a_message_larger_than_a_batch_is_streamed_and_copied_once(office: Office) -> None:
    large = MadeMessage(b"Subject: large\r\n\r\n" + b"0123456789abcde\n" * 400_000, frozenset({"\\Seen"}))
    other = MadeMessage(large.content[:-2] + b"X\n")
    mailbox = MadeMailbox({"INBOX": [large, other, large]}, frozenset())
    await office.fill(office.source_server, office.source, mailbox)

    async with office.worker(batch_octets=1_000_000):
        copy = await office.until(await office.request(), "completed", "failed")
        again = await office.until(await office.request(), "completed", "failed")

    assert (copy["progress"]["copied"], copy["progress"]["already_there"]) == (2, 1)
    assert (again["progress"]["copied"], again["progress"]["already_there"]) == (0, 3)
    target = await office.look(office.target_server, office.target.address)
    assert {m.digest for m in target["INBOX"].messages} == {
        sha256(each.content.replace(b"\n", b"\r\n").replace(b"\r\r", b"\r")).hexdigest() for each in (large, other)
    }
