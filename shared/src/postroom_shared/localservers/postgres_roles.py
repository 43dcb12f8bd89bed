"""The database of the suite: one role and one schema for each service, one read-only role for mail servers.

Source: docs/adr and the design: one database `postroom`, nobody reads another's tables.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import asyncpg

from postroom_shared.localservers.errors import LocalServerError

DATABASE = "postroom"
MAIL_SCHEMA = "mail"
MAIL_OWNER = "directory"
MAIL_READER = "mail_reader"

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")


@dataclass(frozen=True, kw_only=True, slots=True)
class DatabaseRoles:
    """Who may sign in.

    Attributes:
        services: Schema (and role) of each service -> its password (letters, digits, `-`, `_`).
        mail_reader: The password of the role that Dovecot and Postfix read the views of `mail` with.
    """

    services: Mapping[str, str]
    mail_reader: str


async def create_database(dsn: str, name: str, *, template: str | None = None) -> None:
    """Create database *name* unless it is there, as a copy of *template* if one is named.

    Args:
        dsn: The superuser's address of any other database of the server.
        name: Lower-case letters, digits, `_`.
        template: Nobody may be connected to it.
    """
    connection = await asyncpg.connect(dsn)
    try:
        if await connection.fetchval("select true from pg_database where datname = $1", name):
            return
        source = f" template {_name(template)} strategy file_copy" if template else ""
        await connection.execute(f"create database {_name(name)}{source}")
    finally:
        await connection.close()


async def drop_database(dsn: str, name: str) -> None:
    """Drop database *name* and end its sessions; nothing happens when there is none."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(f"drop database if exists {_name(name)} with (force)")
    finally:
        await connection.close()


async def ensure_roles(dsn: str, roles: DatabaseRoles) -> None:
    """Create the roles or set their passwords anew, and create the schemas in the database of *dsn* (superuser).

    A service's role owns its schema and nothing else. `mail` belongs to the directory's role; `mail_reader` reads it.
    """
    connection = await asyncpg.connect(dsn)
    try:
        async with connection.transaction():
            for name, password in [*roles.services.items(), (MAIL_READER, roles.mail_reader)]:
                await _ensure_role(connection, name, password)
            for name in roles.services:
                await connection.execute(f"create schema if not exists {_name(name)} authorization {_name(name)}")
            if MAIL_OWNER in roles.services:
                await _open_mail_views(connection)
            await connection.execute("revoke all on schema public from public")
    finally:
        await connection.close()


async def _ensure_role(connection: asyncpg.Connection, name: str, password: str) -> None:
    if not _SECRET.fullmatch(password):
        raise LocalServerError(f"The password of {name} must be letters, digits, - and _ only.")
    exists = await connection.fetchval("select true from pg_roles where rolname = $1", name)
    verb = "alter" if exists else "create"
    await connection.execute(
        f"{verb} role {_name(name)} with login password '{password}' "
        "nosuperuser nocreatedb nocreaterole noreplication nobypassrls"
    )
    await connection.execute(f"alter role {_name(name)} set search_path = {_name(name)}")


async def _open_mail_views(connection: asyncpg.Connection) -> None:
    reader_only = f"grant select on tables to {MAIL_READER}"
    for statement in (
        f"create schema if not exists {MAIL_SCHEMA} authorization {MAIL_OWNER}",
        f"grant usage on schema {MAIL_SCHEMA} to {MAIL_READER}",
        f"grant select on all tables in schema {MAIL_SCHEMA} to {MAIL_READER}",
        f"alter default privileges for role {MAIL_OWNER} in schema {MAIL_SCHEMA} {reader_only}",
        f"alter role {MAIL_READER} set search_path = {MAIL_SCHEMA}",
    ):
        await connection.execute(statement)


def _name(name: str) -> str:
    """Return *name* quoted; refuse what is not a plain name."""
    if not _NAME.fullmatch(name):
        raise LocalServerError(f"{name!r} is not a plain lower-case name.")
    return f'"{name}"'
