"""Programs of organisations that read events over NATS: the demo organisation has one, read-only."""

import uuid

from postroom.suite_secrets import SuiteSecrets, new_nkey


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
