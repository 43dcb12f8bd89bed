"""`postroom-directory password-link`: the way back in when nobody is left who could make a link over HTTP."""

import json
import sys
from argparse import ArgumentParser, Namespace
from datetime import timedelta

from postroom_directory.manifest import MANIFEST
from postroom_directory.people.repository import People
from postroom_directory.people.schemas import PasswordLinkRead
from postroom_directory.people.service import issue_link
from postroom_directory.settings import DirectorySettings
from postroom_shared.database import bind_organisation, create_engine, session_factory
from postroom_shared.principal import SystemPrincipal
from postroom_shared.service import Command
from postroom_shared.values import Address

UNKNOWN = "Nobody has this e-mail here; nothing was changed."


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--email", required=True, help="whose password is to be set")
    parser.add_argument("--json", action="store_true", help="print the link as one JSON object")


async def _carry_out(settings: DirectorySettings, arguments: Namespace) -> int:
    link = await _link(settings, arguments.email)
    if link is None:
        sys.stderr.write(UNKNOWN + "\n")
        return 1
    if arguments.json:
        sys.stdout.write(json.dumps(link.model_dump(mode="json")) + "\n")
    else:
        sys.stdout.write(f"Set a password before {link.expires_at:%Y-%m-%d %H:%M} UTC at {link.url}\n")
    return 0


async def _link(settings: DirectorySettings, email: str) -> PasswordLinkRead | None:
    try:
        address = Address(email)
    except ValueError:
        return None
    engine = create_engine(
        settings.database_url.get_secret_value(),
        schema=MANIFEST.schema,
        application="postroom-directory password-link",
        pool_size=1,
    )
    try:
        async with session_factory(engine)() as session, session.begin():
            await bind_organisation(session, SystemPrincipal())
            person = await People(session, SystemPrincipal()).named(address)
            if person is None:
                return None
            link = await issue_link(session, person, life=timedelta(hours=settings.password_link_hours))
    finally:
        await engine.dispose()
    return PasswordLinkRead.of(link, public_url=settings.public_url)


PASSWORD_LINK: Command[DirectorySettings] = Command(
    name="password-link",
    help="make a one-time link with which a person sets a new password",
    arguments=_arguments,
    carry_out=_carry_out,
)
