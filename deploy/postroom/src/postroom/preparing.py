"""What needs the heavy libraries is done by a child, so that the launcher itself stays small.

`python -m postroom.preparing` reads a JSON document from its first input line and prints the NATS permissions as one
JSON string. For each further input line it then runs the migrations of all services. It is started first of all: its
imports take as long as PostgreSQL's start, and happen beside it.
"""

import asyncio
import dataclasses
import json
import sys
import uuid
from collections.abc import Iterable
from typing import Any

from postroom.service_process import SuiteAddresses
from postroom_shared.localservers.errors import LocalServerError
from postroom_shared.manifest import ServiceManifest

TIMEOUT_S = 300


class Preparation:
    """The child and what it is asked."""

    def __init__(self, child: asyncio.subprocess.Process) -> None:
        self._child = child

    @classmethod
    async def start(cls, addresses: SuiteAddresses) -> "Preparation":
        """Start the child."""
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "postroom.preparing"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=64 * 2**20,
        )
        made = cls(child)
        made._write(_questions(addresses))
        return made

    async def nats_permissions(self) -> str:
        """Return the `accounts { … }` block: each service its own subjects, each integrator its organisation's events.

        Raises:
            LocalServerError: The child failed; the message is what it said.
        """
        return str(json.loads(await self._answer()))

    async def migrate(self) -> None:
        """Bring all schemas to their newest revision; the database must be there.

        Raises:
            LocalServerError: A migration failed; nothing of that service's schema was changed.
        """
        self._write("migrate")
        await self._answer()

    async def close(self) -> None:
        """End the child."""
        if self._child.returncode is None:
            self._child.kill()
        await self._child.communicate()

    def _write(self, question: Any) -> None:
        if self._child.stdin is None:
            raise RuntimeError("the child was started without a pipe")
        self._child.stdin.write(json.dumps(question).encode() + b"\n")

    async def _answer(self) -> bytes:
        if self._child.stdout is None or self._child.stderr is None:
            raise RuntimeError("the child was started without a pipe")
        try:
            async with asyncio.timeout(TIMEOUT_S):
                answer = await self._child.stdout.readline()
                if answer:
                    return answer
                complaint = await self._child.stderr.read()
        except TimeoutError as error:
            raise LocalServerError(f"The migrations took more than {TIMEOUT_S} s.") from error
        raise LocalServerError(f"The migrations failed:\n{complaint.decode(errors='replace')}")


def _questions(addresses: SuiteAddresses) -> dict[str, Any]:
    manifests, secrets = addresses.manifests, addresses.secrets
    return {
        "manifests": [dataclasses.asdict(each) for each in manifests],
        "service_keys": {each.name: secrets.services[each.name].nats_public_key for each in manifests},
        "integrators": secrets.integrators,
        "databases": [
            {"database_url": addresses.database_url(each), "schema": each.schema, "package": each.package}
            for each in manifests
        ],
    }


def _permissions(questions: dict[str, Any]) -> str:
    from postroom_shared.events.permissions import Integrator, accounts_block  # noqa: PLC0415 - only in the child

    manifests = [ServiceManifest(**{k: _frozen(v) for k, v in each.items()}) for each in questions["manifests"]]
    integrators = [
        Integrator(
            id=uuid.UUID(each["id"]),
            organisation_id=uuid.UUID(each["organisation_id"]),
            public_key=each["public_key"],
        )
        for each in questions["integrators"]
    ]
    return accounts_block(manifests, service_keys=questions["service_keys"], integrators=integrators)


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


async def _migrate(databases: Iterable[dict[str, str]]) -> None:
    from postroom_shared.database.migrating import migrate  # noqa: PLC0415 - only in the child

    for each in databases:
        await migrate(each["database_url"], schema=each["schema"], package=each["package"])


def _be_the_child() -> None:
    questions = json.loads(sys.stdin.readline())
    _reply(_permissions(questions))
    for _ in sys.stdin:
        asyncio.run(_migrate(questions["databases"]))
        _reply("done")


def _reply(answer: str) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _be_the_child()
