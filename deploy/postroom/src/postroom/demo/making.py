"""The launcher's side of the demo: the making happens in a child, so that the launcher itself stays small."""

import asyncio
import json
import sys
from typing import Any

from postroom.demo.record import Demo
from postroom.service_process import SuiteAddresses
from postroom_shared.localservers.errors import LocalServerError

NEEDED = frozenset({"gateway", "directory"})
TIMEOUT_S = 300
LOG = "demo.log"


async def make_demo(addresses: SuiteAddresses, *, mail: bool) -> Demo:
    """Create the demo through the running suite's public API; called at each start until it has succeeded once.

    Args:
        addresses: Ports, secrets and services of the suite.
        mail: Whether Dovecot runs, so that mailboxes can be filled.

    Raises:
        LocalServerError: It failed; `logs/demo.log` says why, and the next start tries again.
    """
    directory = next((each for each in addresses.manifests if each.name == "directory"), None)
    if directory is None or not {each.name for each in addresses.manifests} >= NEEDED:
        return Demo()
    port = addresses.ports.service(directory)
    log_file = addresses.folder.logs / LOG
    with log_file.open("wb") as log:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "postroom.demo.child"),
            env=addresses.environment(directory, port=port),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
        )
    try:
        async with asyncio.timeout(TIMEOUT_S):
            made, _ = await child.communicate(json.dumps(_order(addresses, mail=mail)).encode())
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode != 0:
        raise LocalServerError(f"The demo could not be made: {_last_line(log_file.read_text())} ({log_file})")
    return Demo.from_json(json.loads(made))


def _order(addresses: SuiteAddresses, *, mail: bool) -> dict[str, Any]:
    ports = addresses.ports
    named = {**ports.dovecot.named(), "smtp": ports.smtp}
    return {
        "url": addresses.public_url,
        "password": addresses.secrets.demo_password,
        "endpoints": {
            name: {"host": "127.0.0.1", "port": named[name], "tls": "none"}
            for name in ("imap", "lmtp", "managesieve", "smtp")
        },
        "master_login": {
            "user": "svc-directory",
            "secret": addresses.secrets.services["directory"].master_login,
        },
        "mail": mail,
        "copies": any(each.name == "import" for each in addresses.manifests),
    }


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no reason given"])[-1]
