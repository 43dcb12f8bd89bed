"""`postroom up`, `status` and `credentials`: the suite on this machine."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from postroom.folder import DataFolder, default_folder
from postroom.installed import installed_services
from postroom.ports import DEFAULT_PORT, SPAN
from postroom_shared.localservers.errors import LocalServerError

Data = Annotated[
    Path | None,
    typer.Option(
        "--data", help="Data folder; /var/lib/postroom for root, else ~/.local/share/postroom.", envvar="DATA"
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def _say(line: str) -> None:
    typer.echo(line)
    sys.stdout.flush()


def _fail(reason: object) -> NoReturn:
    typer.echo(f"postroom: {reason}", err=True)
    raise typer.Exit(1)


def up(
    *,
    data: Data = None,
    port: Annotated[
        int, typer.Option(help="Port of the gateway; the others follow it.", min=1024, max=65535 - SPAN, envvar="PORT")
    ] = DEFAULT_PORT,
    service: Annotated[list[str] | None, typer.Option(help="Start this service only; may be repeated.")] = None,
    account: Annotated[
        str | None, typer.Option(help="Account that PostgreSQL, NATS and Dovecot run as when this is root.")
    ] = None,
    postgres_bin: Annotated[Path | None, typer.Option(help="Folder with the programs of another PostgreSQL.")] = None,
    system_postgres: Annotated[bool, typer.Option(help="Prefer the distribution's PostgreSQL, 15 or later.")] = False,
    mail: Annotated[bool, typer.Option(help="Run Dovecot for the demo's mailboxes, where it is installed.")] = True,
    demo: Annotated[bool, typer.Option(help="Give a new data folder the demo organisation.")] = True,
) -> None:
    """Start PostgreSQL, NATS, every installed service and the demo; Ctrl-C stops them all, the data is kept."""
    from postroom.suite import SuiteWishes, run_suite  # noqa: PLC0415 - `status` answers sooner without it

    try:
        wishes = SuiteWishes(
            folder=data or default_folder(),
            port=port,
            manifests=tuple(installed_services(service or ())),
            account=account,
            postgres_bin=postgres_bin,
            prefer_system_postgres=system_postgres,
            mail=mail,
            demo=demo,
        )
        asyncio.run(run_suite(wishes, say=_say))
    except LocalServerError as error:
        _fail(error)


def status(*, data: Data = None, as_json: AsJson = False) -> None:
    """Show each process: number, port, health, restarts, memory, uptime. Exit code 1 when the suite does not run."""
    from postroom.state import read_status  # noqa: PLC0415 - each command imports what it uses

    found = asyncio.run(read_status(DataFolder(data or default_folder()).state_file))
    if as_json:
        typer.echo(json.dumps(found, indent=2))
    else:
        from postroom.status_table import status_table  # noqa: PLC0415 - programs do without

        status_table(found)
    if not found["running"]:
        raise typer.Exit(1)


def credentials(*, data: Data = None, as_json: AsJson = False) -> None:
    """Show the sign-ins of the demo, its mailboxes, and the NATS address and read-only user of its organisation."""
    from postroom.sign_ins import credentials as read_credentials  # noqa: PLC0415 - as above

    folder = DataFolder(data or default_folder())
    try:
        state = json.loads(folder.state_file.read_text())
        found = read_credentials(folder, port=state["launcher"]["port"])
    except FileNotFoundError:
        _fail(f"Nothing was started on {folder.path} yet; `postroom up` does.")
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    for each in found["sign_ins"]:
        typer.echo(f"{each['role']:<22} {each['email']:<32} {each['password']}")
    typer.echo(f"NATS {found['nats']['url']} seed {found['nats']['seed']}")
