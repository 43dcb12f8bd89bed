"""What only a new data folder needs: the demo, once."""

import json

from postroom.demo.making import make_demo
from postroom.demo.record import Demo
from postroom.folder import DataFolder
from postroom.integrators import let_integrator_in
from postroom.service_process import SuiteAddresses
from postroom_shared.localservers.accounts import write_private
from postroom_shared.localservers.nats import NatsServer


def stored_demo(folder: DataFolder) -> Demo | None:
    """Return the demo of *folder*, None when it is not complete."""
    try:
        return Demo.from_json(json.loads(folder.demo_file.read_text()))
    except FileNotFoundError:
        return None


async def ensure_demo(addresses: SuiteAddresses, nats: NatsServer, *, mail: bool) -> Demo:
    """Return the demo, made now if an earlier start has not completed it, or had no mail server to fill.

    Its file is written last: a start that was killed half-way makes it again, so `make_demo` takes what is there.

    Raises:
        LocalServerError: The demo could not be made.
    """
    found = stored_demo(addresses.folder)
    if found is not None and (found.filled or not mail or found.organisation_id is None):
        return found
    made = await make_demo(addresses, mail=mail)
    if made.organisation_id is not None:
        await let_integrator_in(addresses, nats, organisation_id=made.organisation_id)
    write_private(addresses.folder.demo_file, json.dumps(made.to_json(), indent=2), None)
    return made
