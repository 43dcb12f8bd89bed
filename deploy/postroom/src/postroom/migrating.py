"""Bring the schemas of all services to their newest revision, in one process of its own.

`python -m postroom.migrating` reads a JSON list of `{"database_url": …, "schema": …, "package": …}` from standard input.
The launcher itself never loads SQLAlchemy.
"""

import asyncio
import json
import sys
from collections.abc import Iterable

from postroom.service_process import SuiteAddresses
from postroom_shared.localservers.errors import LocalServerError

TIMEOUT_S = 300


async def migrate_all(addresses: SuiteAddresses) -> None:
    """Run the migrations of every service in a child process.

    Raises:
        LocalServerError: One failed; nothing of that service's schema was changed.
    """
    wishes = [
        {"database_url": addresses.database_url(each), "schema": each.schema, "package": each.package}
        for each in addresses.manifests
    ]
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "postroom.migrating"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(TIMEOUT_S):
            output, _ = await child.communicate(json.dumps(wishes).encode())
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    (addresses.folder.logs / "migrate.log").write_bytes(output)
    if child.returncode != 0:
        raise LocalServerError(f"The migrations failed:\n{output.decode(errors='replace')}")


async def _migrate(wishes: Iterable[dict[str, str]]) -> None:
    from postroom_shared.database.migrating import migrate  # noqa: PLC0415 - only in the child

    for wish in wishes:
        await migrate(wish["database_url"], schema=wish["schema"], package=wish["package"])


if __name__ == "__main__":
    asyncio.run(_migrate(json.load(sys.stdin)))
