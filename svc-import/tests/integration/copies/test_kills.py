"""Killed at random: workers, the source's and the target's Dovecot. The end is that of an undisturbed copy.

Source: docs/promises.md#+import-survives
"""

import asyncio
import os
import random
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from postroom_import.testkit.expected_copies import expected_copy, held
from postroom_import.testkit.made_mailboxes import make_mailbox
from postroom_import.testkit.office import Office
from postroom_shared.testkit import StartDovecot, TestDovecot
from postroom_shared.values import Address


@asynccontextmanager
async def worker_process(office: Office) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "postroom_import",
        "work",
        env=os.environ | office.environment(batch_messages=7, settle_delay_s=0.6, log_level="error"),
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def kill(server: TestDovecot) -> None:
    """Kill Dovecot with all its children, and start it again."""
    server.server.process.send_signal(signal.SIGKILL)
    await server.server.process.wait()
    await server.server.start()


async def disturbed_copy(office: Office, seed: int, start_dovecot: StartDovecot, *, kills: int) -> None:
    """Copy a mailbox with *kills* kills at random moments, then to the end; compare."""
    dice = random.Random(seed)  # noqa: S311 - repeatable, no secret
    source_server = await start_dovecot(layout=office.source_server.server.settings.layout, name="killed source")
    target_server = await start_dovecot(name="killed target")
    directory = office.directory
    domain, source_domain = f"k{seed}.test", f"s{seed}.test"
    from_server, to_server = await directory.mail_server(source_server), await directory.mail_server(target_server)
    await directory.mail_service(office.organisation_id, from_server, source_domain)
    service = await directory.mail_service(office.organisation_id, to_server, domain)
    target = target_server.new_address(domain)
    target_id = await directory.address(office.organisation_id, service, target)
    await directory.attach(target_id, office.member)
    await directory.known()
    source = Address(source_server.new_address(source_domain))
    mailbox = make_mailbox(seed, messages=220, largest=40_000)
    await office.fill(source_server, source, mailbox, prefix="INBOX.", separator=".")
    body = {"kind": "local", "address": source, "password": office.new_copy()["source"]["password"]}
    copy_id = await office.request(source=body, target_address_id=str(target_id))

    for _ in range(kills):
        victim = dice.choice(("worker", "worker", "source", "target"))
        async with worker_process(office):
            await until_working(office, copy_id)
            await asyncio.sleep(dice.uniform(0, 0.6))
            if victim != "worker":
                await kill(source_server if victim == "source" else target_server)
                await asyncio.sleep(dice.uniform(0, 0.5))
    async with worker_process(office):
        copy = await office.until(copy_id, "completed", "failed", timeout_s=90)

    seen = await office.look(source_server, source)
    result = await office.look(target_server, target)
    expected = expected_copy(seen)
    assert copy["state"] == "completed", copy["problem"]
    assert {name: held(result[name]) for name in expected} == expected
    progress = copy["progress"]
    assert progress["copied"] == sum(map(len, expected.values()))
    assert progress["copied"] + progress["already_there"] == progress["messages_total"] == mailbox.messages
    assert progress["failed"] == 0


async def until_working(office: Office, copy_id: str) -> None:
    """Wait until a new worker has taken the copy up, or there is nothing left to take up."""
    before = (await office.get(f"/v1/imports/{copy_id}")).json()["progress"]["messages_done"]
    async with asyncio.timeout(60):
        while True:
            copy = (await office.get(f"/v1/imports/{copy_id}")).json()
            if copy["progress"]["messages_done"] > before or copy["state"] == "completed":
                return
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("seed", [1, 2])
async def test_kills_at_random_moments_lose_and_double_nothing(
    office: Office, start_dovecot: StartDovecot, seed: int
) -> None:
    await disturbed_copy(office, seed, start_dovecot, kills=3)


@pytest.mark.campaign
@pytest.mark.parametrize("seed", range(100, 150))
async def test_many_kills_at_random_moments_lose_and_double_nothing(
    office: Office, start_dovecot: StartDovecot, seed: int
) -> None:
    await disturbed_copy(office, seed, start_dovecot, kills=6)
