"""The fixtures of the test kit give real, separate servers."""

import asyncpg
import nats
import pytest

from postroom_shared.manifest import ServiceManifest
from postroom_shared.testkit import MAILBOX_PASSWORD, StartDovecot, TestDatabase, TestDovecot, TestNats, TestPostgres


@pytest.fixture(scope="session")
def database_manifests() -> tuple[ServiceManifest, ...]:
    return (
        ServiceManifest(name="directory", package="postroom_shared", port_offset=1),
        ServiceManifest(name="smtp-guard", package="postroom_shared", port_offset=2),
    )


async def _can(dsn: str, statement: str) -> bool:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    except asyncpg.InsufficientPrivilegeError:
        return False
    else:
        return True
    finally:
        await connection.close()


@pytest.mark.parametrize("attempt", [1, 2])
async def test_each_test_gets_an_empty_database_of_its_own(database: TestDatabase, attempt: int):
    assert await _can(database.dsn("directory"), "create table thing (id int)"), attempt


async def test_a_role_owns_its_schema_and_cannot_touch_another(database: TestDatabase):
    await _can(database.dsn("smtp_guard"), "create table secret (id int)")

    assert not await _can(database.dsn("directory"), "select * from smtp_guard.secret")
    assert not await _can(database.dsn("directory"), "create table smtp_guard.thing (id int)")
    assert not await _can(database.dsn("directory"), "create table public.thing (id int)")
    assert not await _can(database.dsn("directory"), "create role intruder")


async def test_the_mail_reader_reads_the_views_of_mail_and_nothing_else(database: TestDatabase):
    await _can(database.dsn("directory"), "create view mail.v_domain as select 1 as id")
    await _can(database.dsn("directory"), "create table directory.person (id int)")

    assert await _can(database.mail_reader_dsn, "select * from v_domain")
    assert not await _can(database.mail_reader_dsn, "select * from directory.person")
    assert not await _can(database.mail_reader_dsn, "create table mail.thing (id int)")


async def test_a_template_is_made_once(postgres: TestPostgres, database_manifests: tuple[ServiceManifest, ...]):
    first = await postgres.template(database_manifests)
    second = await postgres.template(tuple(reversed(database_manifests)))

    assert first == second


@pytest.mark.parametrize("attempt", [1, 2])
async def test_each_test_gets_a_nats_without_streams(empty_nats: TestNats, attempt: int):
    client = await nats.connect(empty_nats.url)
    stream = client.jetstream()

    await stream.add_stream(name="TESTKIT", subjects=["testkit.>"])
    acknowledgement = await stream.publish("testkit.thing", b"one")
    await client.close()

    assert acknowledgement.seq == 1, attempt


async def test_the_same_wishes_give_the_same_dovecot(dovecot: TestDovecot, start_dovecot: StartDovecot):
    assert await start_dovecot() is dovecot
    assert await start_dovecot(name="another") is not dovecot
    assert MAILBOX_PASSWORD
