"""The pytest plugin: fixtures for real servers.

With xdist the controller starts PostgreSQL once, before the workers, and stops it after them: nobody has to be the last
one out. NATS and Dovecot start in milliseconds and belong to the worker that asks.
"""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from postroom_shared.manifest import ServiceManifest
from postroom_shared.structured_logging import configure_logging
from postroom_shared.testkit.databases import TestDatabase, TestPostgres, volatile_postgres
from postroom_shared.testkit.folders import temporary_folder
from postroom_shared.testkit.mailboxes import StartDovecot, TestDovecot, dovecots
from postroom_shared.testkit.nats import TestNats, running_nats

WORKER_INPUT = "postroom_postgres_dsn"

_of_controller = pytest.StashKey[tuple[ExitStack, str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--forbid-skips`."""
    parser.addoption("--forbid-skips", action="store_true", help="A skipped test fails the run.")


def pytest_configure(config: pytest.Config) -> None:
    """Log as a service does, and know the profile of `make fuzz` when it is asked for.

    structlog's own default draws every local variable of a traceback, which takes seconds. Programs that tests
    interrupt inherit that SIGINT is ignored from a run in the background; with a handler here they do not.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    configure_logging(level="warning", log_format="console", service="tests")
    if config.getoption("--hypothesis-profile", default=None) == "fuzz":
        from hypothesis import settings  # noqa: PLC0415 - only `make fuzz` needs it here

        settings.register_profile("fuzz", max_examples=5000, deadline=None)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the run for a skipped test where `--forbid-skips` was given."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    if skipped and session.config.getoption("--forbid-skips") and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """In the controller of xdist: start PostgreSQL before the first worker and tell each where it is."""
    if _of_controller not in node.config.stash:
        node.config.stash[_of_controller] = _start_for_workers()
    node.workerinput[WORKER_INPUT] = node.config.stash[_of_controller][1]


def pytest_unconfigure(config: pytest.Config) -> None:
    """In the controller of xdist: stop PostgreSQL after the last worker."""
    if _of_controller in config.stash:
        config.stash[_of_controller][0].close()
        del config.stash[_of_controller]


def _start_for_workers() -> tuple[ExitStack, str]:
    with ExitStack() as stack:
        server = volatile_postgres(stack.enter_context(temporary_folder()) / "postgres")
        asyncio.run(server.start())
        stack.callback(lambda: asyncio.run(server.stop()))
        return stack.pop_all(), server.dsn()


@pytest.fixture(scope="session")
def servers_folder() -> Iterator[Path]:
    """A short folder that the unprivileged account of the servers can use."""
    with temporary_folder() as folder:
        yield folder


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgres(request: pytest.FixtureRequest, servers_folder: Path) -> AsyncIterator[TestPostgres]:
    """The PostgreSQL of the whole session; shared by all workers of xdist."""
    given: dict[str, str] = getattr(request.config, "workerinput", {})
    if WORKER_INPUT in given:
        yield TestPostgres(given[WORKER_INPUT])
        return
    server = volatile_postgres(servers_folder / "postgres")
    await server.start()
    yield TestPostgres(server.dsn())
    await server.stop()


@pytest.fixture(scope="session")
def database_manifests() -> tuple[ServiceManifest, ...]:
    """The services whose schemas `database` has: all that are installed. Override it to migrate fewer, or your own."""
    return tuple(entry.load() for entry in entry_points(group="postroom.services"))


@pytest_asyncio.fixture(loop_scope="session")
async def database(
    postgres: TestPostgres, database_manifests: tuple[ServiceManifest, ...]
) -> AsyncIterator[TestDatabase]:
    """A fresh database of this test, cloned from the migrated template."""
    async with postgres.database(database_manifests) as fresh:
        yield fresh


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def nats_server(servers_folder: Path) -> AsyncIterator[TestNats]:
    """A nats-server with JetStream that lets everybody in."""
    async with running_nats(servers_folder / "nats") as server:
        yield server


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def _nats_to_empty(servers_folder: Path) -> AsyncIterator[TestNats]:
    async with running_nats(servers_folder / "nats-to-empty") as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def empty_nats(_nats_to_empty: TestNats) -> TestNats:
    """A nats-server without streams: no event of an earlier test stands in front of this test's own."""
    await _nats_to_empty.forget_streams()
    return _nats_to_empty


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def start_dovecot(servers_folder: Path) -> AsyncIterator[StartDovecot]:
    """Starts a Dovecot with the layout a test wants; the same wishes give the same server."""
    async with dovecots(servers_folder) as start:
        yield start


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def dovecot(start_dovecot: StartDovecot) -> TestDovecot:
    """A Dovecot where any address exists, with `/` between folders and the usual special-use folders."""
    return await start_dovecot()
