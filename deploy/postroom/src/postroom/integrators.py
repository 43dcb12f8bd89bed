"""Programs of organisations that read events over NATS: the demo organisation has one, read-only."""

import asyncio
import dataclasses
import json
import sys
import uuid

from postroom.preparing import Preparation
from postroom.service_process import SuiteAddresses
from postroom.suite_secrets import SuiteSecrets, new_nkey
from postroom_shared.localservers.errors import LocalServerError
from postroom_shared.localservers.nats import NatsServer

TIMEOUT_S = 60
KEEPER = "gateway"


def find_integrator(secrets: SuiteSecrets, organisation_id: str) -> dict[str, str] | None:
    """Return the integrator of an organisation: id, organisation_id, seed, public_key, services; None without one."""
    return next((each for each in secrets.integrators if each["organisation_id"] == organisation_id), None)


def integrator_of(secrets: SuiteSecrets, organisation_id: str) -> dict[str, str]:
    """Return the integrator of an organisation, made when there is none yet."""
    found = find_integrator(secrets, organisation_id)
    if found is not None:
        return found
    seed, public_key = new_nkey()
    made = {"id": str(uuid.uuid4()), "organisation_id": organisation_id, "seed": seed, "public_key": public_key}
    secrets.integrators.append(made)
    secrets.save()
    return made


async def admit_integrator(addresses: SuiteAddresses, nats: NatsServer, organisation_id: str) -> None:
    """Let the organisation's program in, and have its consumers on the streams of all services that are installed.

    Raises:
        LocalServerError: The consumers could not be made; the next start tries again.
    """
    secrets = addresses.secrets
    services = " ".join(sorted(each.name for each in addresses.manifests))
    program = integrator_of(secrets, organisation_id)
    if program.get("services") == services:
        return
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "postroom.integrating"),
        stdin=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        await _permit(addresses, nats)
        async with asyncio.timeout(TIMEOUT_S):
            _, complaint = await child.communicate(json.dumps(_order(addresses, nats, program)).encode())
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode != 0:
        raise LocalServerError(f"The demo's NATS user has no consumers:\n{complaint.decode(errors='replace')}")
    program["services"] = services
    secrets.save()


async def _permit(addresses: SuiteAddresses, nats: NatsServer) -> None:
    preparation = await Preparation.start(addresses)
    try:
        nats.permit(await preparation.nats_permissions())
    finally:
        await preparation.close()


def _order(addresses: SuiteAddresses, nats: NatsServer, program: dict[str, str]) -> dict[str, object]:
    return {
        "url": nats.url,
        "seed": addresses.secrets.services[KEEPER].nats_seed,
        "program": program,
        "manifests": [dataclasses.asdict(each) for each in addresses.manifests],
    }
