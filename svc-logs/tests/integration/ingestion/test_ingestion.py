"""A log file becomes rows, exactly once."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from postroom_logs.collecting.files import FollowedFile
from postroom_logs.deliveries.tables import DeliveryRow
from postroom_logs.ingestion import repository
from postroom_logs.ingestion.partitions import drop_days, prepare_days
from postroom_logs.ingestion.repository import SourceTakenError
from postroom_logs.ingestion.service import Ingestor
from postroom_logs.ingestion.tables import LogSourceRow, UnknownLineRow
from postroom_logs.testkit.generating import formatted, play
from postroom_shared.database import Sessions, bind_organisation, create_engine
from postroom_shared.principal import SystemPrincipal
from postroom_shared.testkit import TestDatabase

ACCEPTED = """\
2026-11-01T10:00:00.000000+00:00 mx postfix/smtpd[1]: AAAA1: client=mx.ext.test[192.0.2.1]
2026-11-01T10:00:01.000000+00:00 mx postfix/cleanup[1]: AAAA1: message-id=<i@x>
2026-11-01T10:00:02.000000+00:00 mx postfix/qmgr[1]: AAAA1: from=<s@ext.test>, size=100, nrcpt=1 (queue active)
"""
DEFERRED = (
    "2026-11-01T10:00:03.000000+00:00 mx postfix/smtp[1]: AAAA1: to=<info@b.example>, relay=none, delay=1, "
    "delays=0/0/0/0, dsn=4.4.1, status=deferred (connect to x[192.0.2.9]:25: Connection timed out)\n"
)
DELIVERED = (
    "2026-11-01T11:00:03.000000+00:00 mx postfix/lmtp[1]: AAAA1: to=<info@b.example>, relay=m[private/lmtp], delay=1, "
    "delays=0/0/0/0, dsn=2.0.0, status=sent (250 2.0.0 <info@b.example> S Saved)\n"
)


def ingestor(sessions: Sessions, path: Path, *, batch_octets: int = 1 << 16) -> Ingestor:
    return Ingestor(sessions, FollowedFile(path), name="test", zone=UTC, batch_octets=batch_octets)


async def bring_in(sessions: Sessions, path: Path, *, batch_octets: int = 1 << 16) -> None:
    reading = ingestor(sessions, path, batch_octets=batch_octets)
    await reading.open()
    while await reading.step():
        pass


async def rows(sessions: Sessions) -> list[DeliveryRow]:
    async with sessions() as session:
        await bind_organisation(session, SystemPrincipal())
        return list(await session.scalars(select(DeliveryRow).order_by(DeliveryRow.at, DeliveryRow.id)))


def append(path: Path, content: str) -> None:
    with path.open("a") as file:
        file.write(content)


async def test_a_row_is_written_at_the_first_attempt_and_updated_in_place(
    sessions: Sessions, town: Any, log_file: Path
):
    await town.add_addresses(*await town.organisation(), "info@b.example")
    append(log_file, ACCEPTED + DEFERRED)
    await bring_in(sessions, log_file)
    (deferred,) = await rows(sessions)

    append(log_file, DELIVERED)
    await bring_in(sessions, log_file)

    (delivered,) = await rows(sessions)
    assert (deferred.status, deferred.reason) == ("deferred", "connection-timed-out")
    assert (delivered.status, delivered.reason) == ("delivered", "delivered")
    assert (delivered.id, delivered.at) == (deferred.id, deferred.at)
    assert len(delivered.attempts) == 2
    assert delivered.counterparty == "s@ext.test"


async def test_an_internal_mail_is_two_rows_and_a_strangers_none(sessions: Sessions, town: Any, log_file: Path):
    first, second = await town.organisation(), await town.organisation()
    await town.add_addresses(*first, "a@b.example")
    await town.add_addresses(*second, "c@d.example")
    await town.add_alias(second[0], "alias@d.example", "c@d.example")
    append(
        log_file,
        "2026-11-01T10:00:00.000000+00:00 mx postfix/submission/smtpd[1]: AAAA1: client=x[192.0.2.1], "
        "sasl_method=PLAIN, sasl_username=a@b.example\n"
        "2026-11-01T10:00:02.000000+00:00 mx postfix/qmgr[1]: AAAA1: from=<A+tag@b.example>, size=1, nrcpt=1 (queue)\n"
        + DELIVERED.replace("info@b.example", "alias@d.example")
        + DELIVERED.replace("info@b.example", "stranger@ext.test"),
    )

    await bring_in(sessions, log_file)

    found = {(row.address, row.direction, row.organisation_id, row.counterparty) for row in await rows(sessions)}
    assert found == {
        ("a@b.example", "sent", first[0], "alias@d.example"),
        ("a@b.example", "sent", first[0], "stranger@ext.test"),
        ("c@d.example", "received", second[0], "a+tag@b.example"),
    }


async def test_a_stranger_who_writes_our_address_as_sender_has_sent_nothing(
    sessions: Sessions, town: Any, log_file: Path
):
    await town.add_addresses(*await town.organisation(), "info@b.example")
    append(log_file, ACCEPTED.replace("s@ext.test", "info@b.example") + DELIVERED)

    await bring_in(sessions, log_file)

    assert [row.direction for row in await rows(sessions)] == ["received"]


async def test_each_organisation_sees_its_own_rows_only(sessions: Sessions, town: Any, log_file: Path):
    organisation = await town.organisation()
    await town.add_addresses(*organisation, "info@b.example")
    append(log_file, ACCEPTED + DELIVERED)
    await bring_in(sessions, log_file)
    other, _ = await town.organisation()

    async def seen(principal: SystemPrincipal | None) -> int:
        async with sessions() as session:
            if principal:
                await bind_organisation(session, principal)
            return int(await session.scalar(text("select count(*) from delivery")))

    assert await seen(SystemPrincipal(organisation_id=organisation[0])) == 1
    assert await seen(SystemPrincipal(organisation_id=other)) == 0
    assert await seen(None) == 0


@pytest.mark.parametrize("batch_octets", [4096, 1 << 20])
async def test_a_whole_log_gives_the_same_rows_in_batches_of_any_size(
    sessions: Sessions, town: Any, log_file: Path, batch_octets: int
):
    await town.add_addresses(
        *await town.organisation(), *(f"user{number}@dom{number % 50}.example" for number in range(2000))
    )
    stage = play(seed=3, messages=500)
    append(log_file, "".join(f"{line}\n" for line in formatted(stage.lines, style="rfc3339")))

    await bring_in(sessions, log_file, batch_octets=batch_octets)

    received = [truth for truth in stage.truths if truth.recipient.endswith(".example")]
    found = [row for row in await rows(sessions) if row.direction == "received"]
    forwarded = [truth for truth in stage.truths if (truth.original_recipient or "").startswith("user")]
    assert Counter((row.queue_id, row.recipient, row.status, len(row.attempts), row.folder) for row in found) == (
        Counter((t.queue_id, t.recipient, t.status, t.attempts, t.folder) for t in received + forwarded)
    )


async def test_a_second_reader_of_a_source_is_refused_and_changes_nothing(
    sessions: Sessions, town: Any, log_file: Path
):
    await town.add_addresses(*await town.organisation(), "info@b.example")
    append(log_file, ACCEPTED + DELIVERED)
    one, two = ingestor(sessions, log_file), ingestor(sessions, log_file)
    await one.open()
    await two.open()
    await one.step()

    with pytest.raises(SourceTakenError):
        await two.step()

    assert len(await rows(sessions)) == 1
    await two.open()
    assert not await two.step()


async def test_lines_not_understood_are_counted_over_restarts(sessions: Sessions, log_file: Path):
    for _ in range(2):
        append(log_file, "2026-11-01T10:00:00.000000+00:00 mx postfix/smtp[1]: AAAA12: a new\0 kind of line\n" * 3)
        await bring_in(sessions, log_file)

    async with sessions() as session:
        (unknown,) = await session.scalars(select(UnknownLineRow))
        (source,) = await session.scalars(select(LogSourceRow))
    assert (unknown.host, unknown.program, unknown.lines) == ("mx", "postfix/smtp", 6)
    assert "a new kind of line" in unknown.samples[0]
    assert source.lines == 6


async def test_days_are_made_ready_ahead_and_old_ones_dropped_whole(
    sessions: Sessions, database: TestDatabase, town: Any, log_file: Path
):
    await town.add_addresses(*await town.organisation(), "info@b.example")
    append(log_file, ACCEPTED + DELIVERED)
    await bring_in(sessions, log_file)
    today = datetime(2026, 11, 20, tzinfo=UTC).date()
    await prepare_days(sessions, today=today)
    await prepare_days(sessions, today=today)
    engine = create_engine(database.dsn("logs"), schema="logs", application="test", pool_size=1)

    dropped = await drop_days(engine, sessions, before=today)

    await engine.dispose()
    async with sessions() as session:
        kept = await repository.partitions(session)
    assert dropped == [datetime(2026, 11, 1, tzinfo=UTC).date()]
    assert kept == [today + timedelta(days=ahead) for ahead in range(8)]
    assert await rows(sessions) == []
