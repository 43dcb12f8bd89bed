"""`postroom-directory bootstrap`."""

import json
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Mapping
from datetime import timedelta
from typing import get_args

from postroom_directory.bootstrapping.service import FirstPeople, bootstrap
from postroom_directory.fields import Language, known_zone
from postroom_directory.manifest import MANIFEST
from postroom_directory.people.domain import PasswordLink
from postroom_directory.people.schemas import PasswordLinkRead
from postroom_directory.settings import DirectorySettings
from postroom_shared.database import bind_organisation, create_engine, session_factory
from postroom_shared.principal import SystemPrincipal
from postroom_shared.service import Command
from postroom_shared.values import Address

ALREADY_DONE = "This installation has an operator already; nothing was changed."


def _address(text: str) -> Address:
    try:
        return Address(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is no mail address") from error


def _zone(text: str) -> str:
    try:
        return known_zone(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is no time zone") from error


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--organisation", required=True, help="name of the first organisation")
    parser.add_argument("--owner-email", required=True, type=_address, help="who owns it")
    parser.add_argument("--operator-email", required=True, type=_address, help="who runs this installation")
    parser.add_argument("--language", default="en", choices=get_args(Language))
    parser.add_argument("--time-zone", default="UTC", type=_zone, help="IANA name, such as Europe/Zurich")
    parser.add_argument("--json", action="store_true", help="print the links as one JSON object")


async def _carry_out(settings: DirectorySettings, arguments: Namespace) -> int:
    first = FirstPeople(
        organisation=arguments.organisation,
        language=arguments.language,
        time_zone=arguments.time_zone,
        owner=arguments.owner_email,
        operator=arguments.operator_email,
    )
    url = settings.database_url.get_secret_value()
    engine = create_engine(url, schema=MANIFEST.schema, application="postroom-directory bootstrap", pool_size=1)
    try:
        async with session_factory(engine)() as session, session.begin():
            await bind_organisation(session, SystemPrincipal())
            links = await bootstrap(session, first, link_life=timedelta(hours=settings.password_link_hours))
    finally:
        await engine.dispose()
    if links is None:
        sys.stderr.write(ALREADY_DONE + "\n")
        return 1
    _print(links, public_url=settings.public_url, as_json=arguments.json)
    return 0


def _print(links: Mapping[Address, PasswordLink], *, public_url: str, as_json: bool) -> None:
    shown = {email: PasswordLinkRead.of(link, public_url=public_url) for email, link in links.items()}
    if as_json:
        json.dump({email: link.model_dump(mode="json") for email, link in shown.items()}, sys.stdout)
        sys.stdout.write("\n")
        return
    for email, link in shown.items():
        sys.stdout.write(f"{email} sets a password before {link.expires_at:%Y-%m-%d %H:%M} UTC at {link.url}\n")


BOOTSTRAP: Command[DirectorySettings] = Command(
    name="bootstrap",
    help="create the first operator and the first organisation",
    arguments=_arguments,
    carry_out=_carry_out,
)
