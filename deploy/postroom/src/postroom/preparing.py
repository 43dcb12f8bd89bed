"""What needs the heavy libraries is done by a child, so that the launcher itself stays small.

`python -m postroom.preparing` reads a JSON document from its first input line and prints the NATS permissions as one
JSON string. It is started first of all: its
imports take as long as PostgreSQL's start, and happen beside it. Each further input line names what to do next.
"""

import asyncio
import dataclasses
import json
import sys
import uuid
from typing import TYPE_CHECKING, Any

from postroom.service_process import SuiteAddresses
from postroom_shared.localservers.errors import LocalServerError
from postroom_shared.manifest import ServiceManifest

TIMEOUT_S = 300
INTEGRATOR_ATTEMPTS = 10
INTEGRATOR_PAUSE_S = 0.5
KEEPER = "gateway"
"""The service whose NATS user may create the consumers of integrators."""

if TYPE_CHECKING:
    from postroom_shared.events.permissions import Integrator


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

    async def ensure_integrators(self) -> None:
        """Have the durable consumers of all integrators; the services must have made their streams.

        Raises:
            LocalServerError: NATS refused, or a stream is not there.
        """
        self._write("integrators")
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
            raise LocalServerError(f"Preparing took more than {TIMEOUT_S} s.") from error
        raise LocalServerError(f"Preparing failed:\n{complaint.decode(errors='replace')}")


def _questions(addresses: SuiteAddresses) -> dict[str, Any]:
    manifests, secrets = addresses.manifests, addresses.secrets
    return {
        "manifests": [dataclasses.asdict(each) for each in manifests],
        "service_keys": {each.name: secrets.services[each.name].nats_public_key for each in manifests},
        "integrators": secrets.integrators,
        "nats_url": f"nats://127.0.0.1:{addresses.ports.nats}",
        "keeper_seed": secrets.services[KEEPER].nats_seed if KEEPER in secrets.services else None,
        "databases": [
            {"database_url": addresses.database_url(each), "schema": each.schema, "package": each.package}
            for each in manifests
        ],
    }


def _permissions(questions: dict[str, Any]) -> str:
    from postroom_shared.events.permissions import accounts_block  # noqa: PLC0415 - only in the child

    return accounts_block(
        _manifests(questions), service_keys=questions["service_keys"], integrators=_integrators(questions)
    )


def _manifests(questions: dict[str, Any]) -> list[ServiceManifest]:
    return [ServiceManifest(**{k: _frozen(v) for k, v in each.items()}) for each in questions["manifests"]]


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _integrators(questions: dict[str, Any]) -> "list[Integrator]":
    from postroom_shared.events.permissions import Integrator  # noqa: PLC0415 - as above

    return [
        Integrator(
            id=uuid.UUID(each["id"]),
            organisation_id=uuid.UUID(each["organisation_id"]),
            public_key=each["public_key"],
        )
        for each in questions["integrators"]
    ]


async def _ensure_integrators(questions: dict[str, Any]) -> None:
    """Try for a while: NATS may not have read the new permissions yet, nor a service made its stream."""
    from nats.errors import Error  # noqa: PLC0415 - as above

    for attempt in range(1, INTEGRATOR_ATTEMPTS + 1):
        try:
            return await _ensure_integrators_once(questions)
        except (Error, TimeoutError):
            if attempt == INTEGRATOR_ATTEMPTS:
                raise
            await asyncio.sleep(INTEGRATOR_PAUSE_S)
    return None


async def _ensure_integrators_once(questions: dict[str, Any]) -> None:
    from postroom_shared.events.integrators import ensure_integrator  # noqa: PLC0415 - as above
    from postroom_shared.events.nats_connection import connect  # noqa: PLC0415 - as above

    client = await connect(questions["nats_url"], service=KEEPER, seed=questions["keeper_seed"])
    try:
        for program in _integrators(questions):
            await ensure_integrator(client.jetstream, program, _manifests(questions))
    finally:
        await client.close()


async def _migrate(questions: dict[str, Any]) -> None:
    from postroom_shared.database.migrating import migrate  # noqa: PLC0415 - as above

    for each in questions["databases"]:
        await migrate(each["database_url"], schema=each["schema"], package=each["package"])


def _be_the_child() -> None:
    questions = json.loads(sys.stdin.readline())
    _reply(_permissions(questions))
    work = {"migrate": _migrate, "integrators": _ensure_integrators}
    for line in sys.stdin:
        asyncio.run(work[json.loads(line)](questions))
        _reply("done")


def _reply(answer: str) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _be_the_child()
