"""Composition root: the only module that knows all the parts of svc-directory."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from fastapi import APIRouter

from postroom_directory.addresses.router import router as addresses
from postroom_directory.aliases.router import router as aliases
from postroom_directory.application_passwords.router import router as application_passwords
from postroom_directory.bootstrapping.command import BOOTSTRAP
from postroom_directory.credentials.router import router as credentials
from postroom_directory.delegations.router import router as delegations
from postroom_directory.dkim_keys.router import router as dkim_keys
from postroom_directory.domains.router import router as domains
from postroom_directory.grants.router import router as grants
from postroom_directory.mail_servers.router import router as mail_servers
from postroom_directory.mail_services.router import router as mail_services
from postroom_directory.manifest import MANIFEST
from postroom_directory.me.router import router as me
from postroom_directory.memberships.router import router as memberships
from postroom_directory.organisations.router import router as organisations
from postroom_directory.passwords import Passwords
from postroom_directory.people.command import PASSWORD_LINK
from postroom_directory.people.router import router as people
from postroom_directory.projection_feed.router import router as projection_feed
from postroom_directory.redirections.router import router as redirections
from postroom_directory.settings import DirectorySettings
from postroom_directory.sign_ins.router import router as sign_ins
from postroom_directory.sign_ins.service import purge_penalties
from postroom_shared.background import Task, pause
from postroom_shared.service import Runtime, ServiceDefinition

PURGE_EVERY_S = 600.0
TAGS = {
    "organisations": "The tenants of this installation: made, suspended and ended by the operator.",
    "people": "Who signs in: invitations, passwords, what a person says of themselves.",
    "memberships": "Who belongs to which organisation, and in which role.",
    "grants": "Which address is attached to whom, and what they may do with it.",
    "mail servers": "Where the mailboxes lie, kept by the operator.",
    "mail services": "A mail service of an organisation: its plan, its domains, the keys that sign its mail.",
    "addresses": "Mailboxes with their aliases, redirections, delegations and passwords.",
}

PEOPLE_ROUTERS: tuple[APIRouter, ...] = (organisations, people, memberships, grants, me, sign_ins, projection_feed)
MAIL_ROUTERS: tuple[APIRouter, ...] = (
    mail_servers,
    mail_services,
    domains,
    dkim_keys,
    addresses,
    aliases,
    redirections,
    delegations,
    credentials,
    application_passwords,
)


@asynccontextmanager
async def _resources(runtime: Runtime[DirectorySettings]) -> AsyncIterator[None]:
    passwords = Passwords(threads=runtime.settings.password_threads, max_waiting=runtime.settings.password_queue)
    runtime.resources["passwords"] = passwords
    try:
        yield
    finally:
        passwords.close()


def _serve_tasks(runtime: Runtime[DirectorySettings]) -> Sequence[Task]:
    async def purge() -> None:
        while not runtime.stopping.is_set():
            await purge_penalties(runtime.sessions)
            await pause(runtime.stopping, PURGE_EVERY_S)

    return (("purge penalties", purge),)


SERVICE = ServiceDefinition(
    manifest=MANIFEST,
    settings_type=DirectorySettings,
    title="Postroom directory",
    tags=TAGS,
    routers=(*PEOPLE_ROUTERS, *MAIL_ROUTERS),
    resources=_resources,
    serve_tasks=_serve_tasks,
    commands=(BOOTSTRAP, PASSWORD_LINK),
)
