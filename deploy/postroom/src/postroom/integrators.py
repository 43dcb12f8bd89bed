"""Programs of organisations that read events over NATS: the demo organisation has one, read-only."""

import uuid

from postroom.preparing import KEEPER, Preparation
from postroom.service_process import SuiteAddresses
from postroom.suite_secrets import SuiteSecrets, new_nkey
from postroom_shared.localservers.nats import NatsServer


def integrator_of(secrets: SuiteSecrets, organisation_id: str) -> dict[str, str]:
    """Return the integrator of an organisation: id, organisation_id, seed, public_key; made when there is none yet."""
    for each in secrets.integrators:
        if each["organisation_id"] == organisation_id:
            return each
    seed, public_key = new_nkey()
    made = {"id": str(uuid.uuid4()), "organisation_id": organisation_id, "seed": seed, "public_key": public_key}
    secrets.integrators.append(made)
    secrets.save()
    return made


async def let_integrator_in(addresses: SuiteAddresses, nats: NatsServer, *, organisation_id: str) -> None:
    """Have an integrator of the organisation, known to the running NATS, with its place on every stream.

    Does nothing without the gateway, whose NATS user keeps the integrators' consumers.
    """
    if KEEPER not in {each.name for each in addresses.manifests}:
        return
    known = [each["organisation_id"] for each in addresses.secrets.integrators]
    integrator_of(addresses.secrets, organisation_id)
    preparation = await Preparation.start(addresses)
    try:
        permissions = await preparation.nats_permissions()
        if organisation_id not in known:
            await nats.put_in_force(permissions)
        await preparation.ensure_integrators()
    finally:
        await preparation.close()
