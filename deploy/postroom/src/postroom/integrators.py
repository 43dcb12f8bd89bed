"""Programs of organisations that read events over NATS: the demo organisation has one, read-only."""

import uuid
from collections.abc import Sequence

from postroom.suite_secrets import SuiteSecrets, new_nkey
from postroom_shared.events.permissions import Integrator, accounts_block
from postroom_shared.manifest import ServiceManifest


def nats_permissions(secrets: SuiteSecrets, manifests: Sequence[ServiceManifest]) -> str:
    """Return the `accounts { … }` block: each service its own subjects, each integrator its organisation's events."""
    keys = {each.name: secrets.services[each.name].nats_public_key for each in manifests}
    return accounts_block(manifests, service_keys=keys, integrators=map(_integrator, secrets.integrators))


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


def _integrator(stored: dict[str, str]) -> Integrator:
    return Integrator(
        id=uuid.UUID(stored["id"]),
        organisation_id=uuid.UUID(stored["organisation_id"]),
        public_key=stored["public_key"],
    )
