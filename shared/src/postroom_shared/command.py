"""The command of every service: `serve`, `work`, `migrate`, `openapi`, `settings`, and the service's own."""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence

import uvicorn
import uvloop

from postroom_shared.http.app import build_api, create_app
from postroom_shared.http.bounded_heads import BoundedHeadsProtocol
from postroom_shared.service import S, ServiceDefinition
from postroom_shared.settings import settings_table
from postroom_shared.structured_logging import configure_logging


def _parser(definition: ServiceDefinition[S]) -> argparse.ArgumentParser:
    name = f"postroom-{definition.manifest.name}"
    parser = argparse.ArgumentParser(prog=name, description=definition.title)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="answer the HTTP API and run the background work that belongs to it")
    if definition.manifest.workers:
        commands.add_parser("work", help="take jobs from the queue; several may run")
    commands.add_parser("migrate", help="bring this service's schema to its newest revision")
    commands.add_parser("openapi", help="print the OpenAPI document")
    commands.add_parser("settings", help="print the table of settings for the README")
    for own in definition.commands:
        own.arguments(commands.add_parser(own.name, help=own.help))
    return parser


def _serve(definition: ServiceDefinition[S], settings: S, *, work: bool) -> None:
    config = uvicorn.Config(
        create_app(definition, settings, work=work),
        host=settings.host,
        port=settings.port,
        http=BoundedHeadsProtocol,
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=int(settings.shutdown_grace_s),
    )
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(uvicorn.Server(config).serve())


async def _migrate(definition: ServiceDefinition[S], settings: S) -> None:
    from postroom_shared.database.migrating import migrate  # noqa: PLC0415 - alembic, which nothing else needs

    manifest = definition.manifest
    await migrate(settings.database_url.get_secret_value(), schema=manifest.schema, package=manifest.package)


def run(definition: ServiceDefinition[S], argv: Sequence[str] | None = None) -> None:
    """Carry out the command line *argv* (the process's own when None).

    Raises:
        SystemExit: A command of the service's own ended with a status other than 0.
    """
    arguments = _parser(definition).parse_args(argv)
    command = arguments.command
    if command == "openapi":
        json.dump(build_api(definition).openapi(), sys.stdout, indent=2, ensure_ascii=False)
        sys.stdout.write("\n")
        return
    if command == "settings":
        sys.stdout.writelines(line + "\n" for line in settings_table(definition.settings_type))
        return
    settings = definition.settings_type()
    configure_logging(level=settings.log_level, log_format=settings.log_format, service=definition.manifest.name)
    if own := next((each for each in definition.commands if each.name == command), None):
        if status := asyncio.run(own.carry_out(settings, arguments)):
            sys.exit(status)
    elif command == "migrate":
        asyncio.run(_migrate(definition, settings))
    else:
        _serve(definition, settings, work=command == "work")
