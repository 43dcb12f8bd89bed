"""The course of a copy: pauses, cancellation, refusals on the way, lost servers, its events and its mails."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import text

from postroom_import.testkit.faulty_proxy import refusing_proxy
from postroom_import.testkit.made_mailboxes import MadeMailbox, MadeMessage, make_mailbox
from postroom_import.testkit.mail_sink import running_sink
from postroom_import.testkit.office import Office
from postroom_shared.database import bind_organisation
from postroom_shared.principal import SystemPrincipal
from postroom_shared.testkit import MAILBOX_PASSWORD, StartDovecot, TestDovecot

PROBLEM = "urn:postroom:problem:"
SLOW = {"batch_messages": 1}


async def begun(office: Office, copy_id: str, *, least: int = 5) -> dict[str, Any]:
    """Wait until the copy has copied something and is not over."""
    async with asyncio.timeout(30):
        while True:
            copy = (await office.get(f"/v1/imports/{copy_id}")).json()
            assert copy["state"] in {"queued", "running"}, copy["state"]
            if copy["progress"]["messages_done"] >= least:
                return dict(copy)
            await asyncio.sleep(0.02)


async def all_events(office: Office) -> list[str]:
    async with office.api.runtime.sessions() as session, session.begin():
        await bind_organisation(session, SystemPrincipal())
        return [each.split(".")[3] for each in await session.scalars(text("select type from outbox order by id"))]


async def filled(office: Office, seed: int, messages: int) -> MadeMailbox:
    mailbox = make_mailbox(seed, messages=messages, largest=5_000)
    await office.fill(office.source_server, office.source, mailbox, prefix="INBOX.", separator=".")
    return mailbox


async def test_a_copy_rests_when_it_is_paused_and_goes_on_where_it_ended(office: Office) -> None:
    mailbox = await filled(office, 11, 120)
    copy_id = await office.request()

    async with office.worker(**SLOW):
        await begun(office, copy_id)
        await office.post(f"/v1/imports/{copy_id}:pause")
        paused = await office.until(copy_id, "paused")
        await asyncio.sleep(0.5)
        resting = (await office.get(f"/v1/imports/{copy_id}")).json()
        answer = await office.post(f"/v1/imports/{copy_id}:resume")
        done = await office.until(copy_id, "completed", "failed")

    assert answer.status_code == 202
    assert 0 < paused["progress"]["messages_done"] < mailbox.messages
    assert resting["progress"] == paused["progress"]
    assert done["progress"]["messages_done"] == mailbox.messages
    assert done["progress"]["copied"] + done["progress"]["already_there"] == mailbox.messages
    assert await all_events(office) == ["requested", "started", "paused", "resumed", "started", "completed"]


async def test_a_cancelled_copy_keeps_what_was_copied_and_erases_the_password(office: Office) -> None:
    mailbox = await filled(office, 12, 120)
    copy_id = await office.request()

    async with office.worker(**SLOW):
        await begun(office, copy_id)
        assert (await office.post(f"/v1/imports/{copy_id}:cancel")).json()["wish"] == "cancel"
        cancelled = await office.until(copy_id, "cancelled")

    target = await office.look(office.target_server, office.target.address)
    assert sum(len(folder.messages) for folder in target.values()) == cancelled["progress"]["copied"]
    assert 0 < cancelled["progress"]["copied"] < mailbox.distinct
    for action in ("pause", "resume", "cancel"):
        again = await office.post(f"/v1/imports/{copy_id}:{action}")
        assert (again.status_code, again.json()["type"]) == (409, PROBLEM + "import/wrong-state")
    assert await all_events(office) == ["requested", "started", "cancelled"]


async def test_a_copy_that_waits_is_paused_and_cancelled_at_once(office: Office) -> None:
    copy_id = await office.request()

    assert (await office.post(f"/v1/imports/{copy_id}:pause")).json()["state"] == "paused"
    assert (await office.post(f"/v1/imports/{copy_id}:resume")).json()["state"] == "queued"
    assert (await office.post(f"/v1/imports/{copy_id}:cancel")).json()["state"] == "cancelled"
    assert await all_events(office) == ["requested", "paused", "resumed", "cancelled"]


async def test_a_worker_that_is_stopped_hands_its_copy_back(office: Office) -> None:
    mailbox = await filled(office, 13, 120)
    copy_id = await office.request()
    async with office.worker(**SLOW):
        await begun(office, copy_id)

    handed_back = (await office.get(f"/v1/imports/{copy_id}")).json()
    async with office.worker():
        done = await office.until(copy_id, "completed", "failed")

    assert handed_back["state"] == "queued"
    assert done["progress"]["copied"] == mailbox.distinct or done["progress"]["copied"] > 0
    target = await office.look(office.target_server, office.target.address)
    assert sum(len(folder.messages) for folder in target.values()) == done["progress"]["copied"]


async def test_a_full_target_fails_the_copy_which_goes_on_with_the_password_when_there_is_room(
    office: Office, start_dovecot: StartDovecot
) -> None:
    small = await start_dovecot(quota_bytes=60_000, name="small")
    mailbox = MadeMailbox({"INBOX": [message(n, 9_000) for n in range(12)]}, frozenset())
    await office.fill(office.source_server, office.source, mailbox)
    target_id = await target_on(office, small)
    copy_id = await office.request(target_address_id=target_id)

    async with office.worker(batch_messages=3):
        failed = await office.until(copy_id, "completed", "failed")
        without_password = await office.post(f"/v1/imports/{copy_id}:resume")
        wrong = await office.post(f"/v1/imports/{copy_id}:resume", {"passwords": ["wrong"]})
        await office.post(f"/v1/imports/{copy_id}:resume", {"passwords": [MAILBOX_PASSWORD]})
        again = await office.until(copy_id, "completed", "failed")

    assert failed["state"] == again["state"] == "failed"
    assert failed["problem"]["type"] == PROBLEM + "import/target-full"
    assert 3 <= failed["progress"]["copied"] == again["progress"]["copied"] < 12
    assert failed["failures"] == []
    assert without_password.json()["type"] == PROBLEM + "import/password-needed"
    assert wrong.json()["type"] == PROBLEM + "import/wrong-password"


async def test_one_message_the_target_does_not_take_is_told_and_the_others_are_copied(office: Office) -> None:
    mailbox = MadeMailbox({"INBOX": [message(1, 2_000), message(2, 400_000), message(3, 2_000)]}, frozenset())
    await office.fill(office.source_server, office.source, mailbox)
    server = office.target_server
    size = len(mailbox.folders["INBOX"][1].content)

    async with refusing_proxy(server.host, server.ports.imap, too_big=size) as port, office.worker():
        target_id = await target_on(office, server, port=port)
        copy = await office.until(await office.request(target_address_id=target_id), "completed", "failed")

    assert copy["state"] == "completed"
    assert (copy["progress"]["copied"], copy["progress"]["failed"]) == (2, 1)
    failure = copy["failures"][0]
    assert (failure["folder"], failure["reason"], failure["size_bytes"]) == ("INBOX", "too_big", size)
    assert failure["reason_text"] == "Message is larger than we take"


async def test_a_server_that_goes_away_and_comes_back_costs_nothing_but_time(
    office: Office, start_dovecot: StartDovecot
) -> None:
    mailbox = await filled(office, 14, 120)
    fragile = await start_dovecot(name="fragile")
    copy_id = await office.request(target_address_id=await target_on(office, fragile))

    async with office.worker(**SLOW, retry_in_place_s=0):
        await begun(office, copy_id)
        await fragile.server.stop()
        async with asyncio.timeout(20):
            while not (waiting := (await office.get(f"/v1/imports/{copy_id}")).json()["waiting"]):
                await asyncio.sleep(0.05)
        await fragile.server.start()
        done = await office.until(copy_id, "completed", "failed")

    assert waiting["since"]
    assert done["state"] == "completed"
    assert done["waiting"] is None
    assert done["progress"]["failed"] == 0
    assert done["progress"]["messages_done"] == mailbox.messages


async def test_a_server_that_stays_away_fails_the_copy_with_a_clear_problem(
    office: Office, start_dovecot: StartDovecot
) -> None:
    await filled(office, 15, 30)
    gone = await start_dovecot(name="gone")
    copy_id = await office.request(target_address_id=await target_on(office, gone))
    await gone.server.stop()

    async with office.worker(retry_in_place_s=0, retry_later_s=0.1, give_up_after=timedelta(seconds=1)):
        failed = await office.until(copy_id, "completed", "failed")

    await gone.server.start()
    assert failed["problem"]["type"] == PROBLEM + "import/target-unreachable"
    assert await all_events(office) == ["requested", "started", "failed"]


async def test_a_copy_that_rests_too_long_loses_its_password_and_fails(office: Office) -> None:
    copy_id = await office.request()
    await office.post(f"/v1/imports/{copy_id}:pause")

    async with office.worker(password_lifetime=timedelta(seconds=0)):
        failed = await office.until(copy_id, "failed")

    assert failed["problem"]["type"] == PROBLEM + "import/password-expired"
    assert (await office.post(f"/v1/imports/{copy_id}:resume")).json()["type"] == PROBLEM + "import/password-needed"


async def test_everybody_concerned_gets_one_mail_with_the_numbers_in_their_language(office: Office) -> None:
    mailbox = await filled(office, 16, 40)
    second = {"kind": "local", "address": office.second_source, "password": MAILBOX_PASSWORD}

    async with running_sink() as sink, office.worker(smtp_port=sink.port):
        copy = await office.until(await office.request(second_source=second), "completed", "failed")
        await mails(sink.received, 3)

    assert {to for to, _ in sink.received} == {office.source, office.second_source, office.target.address}
    for to, mail in sink.received:
        plain = mail.get_body(("plain",))
        assert plain is not None
        words = plain.get_content()
        assert f"Messages copiés : {copy['progress']['copied']}" in words.splitlines()
        assert str(mailbox.messages - copy["progress"]["copied"]) in words
        assert mail["To"] == to
        assert mail["Auto-Submitted"] == "auto-generated"
    assert len({mail["Message-ID"] for _, mail in sink.received}) == 3


async def test_a_mail_is_sent_again_after_a_failure_with_the_same_id_and_not_after_a_refusal(office: Office) -> None:
    await filled(office, 17, 10)

    async with running_sink() as sink, office.worker(smtp_port=sink.port, notice_retry_s=0.2):
        sink.drop_after_data = 1
        sink.refusals = {office.source: "550 5.1.1 no such mailbox"}
        await office.until(await office.request(), "completed", "failed")
        await mails(sink.received, 2)

    assert [to for to, _ in sink.received] == [office.target.address] * 2
    assert len({mail["Message-ID"] for _, mail in sink.received}) == 1


async def mails(received: list[Any], count: int) -> None:
    async with asyncio.timeout(20):
        while len(received) < count:
            await asyncio.sleep(0.05)


def message(number: int, octets: int) -> MadeMessage:
    head = f"Subject: {number}\r\n\r\n".encode()
    return MadeMessage(head + b"x" * 70 + b"\r\n" * ((octets - len(head)) // 2), frozenset())


async def target_on(office: Office, dovecot: TestDovecot, *, port: int | None = None) -> str:
    """Return the id of a fresh address of the member on another mail server."""
    directory = office.directory
    domain = f"d{uuid4().hex[:8]}.test"
    server = await directory.mail_server(dovecot, port=port)
    service = await directory.mail_service(office.organisation_id, server, domain)
    address_id = await directory.address(office.organisation_id, service, dovecot.new_address(domain))
    await directory.attach(address_id, office.member)
    await directory.known()
    return str(address_id)
