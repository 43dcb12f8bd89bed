"""Who can sign in to the demo, for people and for programs."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from postroom.demo.record import Demo
from postroom.first_start import stored_demo
from postroom.folder import DataFolder
from postroom.integrators import integrator_of
from postroom.ports import Ports
from postroom.suite_secrets import SuiteSecrets


def sign_in_lines(demo: Demo | None) -> Iterator[str]:
    """Yield a line for each sign-in of the demo."""
    for each in demo.sign_ins if demo else ():
        yield f"  {each.role:<22} {each.email:<32} {each.password}"


def credentials(folder: DataFolder, *, port: int) -> dict[str, Any]:
    """Return the sign-ins, the mailboxes and the NATS user of the demo organisation, as `postroom credentials` prints.

    Raises:
        FileNotFoundError: The suite has not been started on this folder.
    """
    folder.secrets.stat()
    demo = stored_demo(folder) or Demo()
    ports = Ports(port)
    mail = ports.dovecot
    secrets = SuiteSecrets.open(folder.secrets, ())
    program = integrator_of(secrets, demo.organisation_id) if demo.organisation_id else None
    return {
        "url": f"http://127.0.0.1:{port}",
        "organisation_id": demo.organisation_id,
        "sign_ins": [asdict(each) for each in demo.sign_ins],
        "mailboxes": [{"address": address, "password": password} for address, password in demo.mailboxes.items()],
        "mail_server": {"host": "127.0.0.1", **mail.named(), "smtp": ports.smtp},
        "nats": {
            "url": f"nats://127.0.0.1:{ports.nats}",
            "seed": program["seed"] if program else None,
            "integrator": program["id"] if program else None,
        },
    }
