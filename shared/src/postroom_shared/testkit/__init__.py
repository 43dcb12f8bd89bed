"""Real PostgreSQL, NATS and Dovecot for tests, as pytest fixtures (`postroom_shared.testkit.plugin`).

Installed with the extra `testkit`; pytest finds the plugin by its entry point. Fixtures:

| fixture | what | lives |
| --- | --- | --- |
| `postgres` | a PostgreSQL server, one for all xdist workers | session |
| `database` | a fresh database with the migrated schemas of `database_manifests` | test |
| `database_manifests` | the services whose schemas it has; override it for fewer | session |
| `nats_server` | a nats-server with JetStream, open to everybody | session, one a worker |
| `dovecot` | a Dovecot where any address exists, password `MAILBOX_PASSWORD` | session, one a worker |
| `start_dovecot` | further Dovecots: other separator, prefix, TLS, listed accounts, quota… | session, one a worker |
| `servers_folder` | a folder the unprivileged account can use, removed at the end | session |
"""

from postroom_shared.testkit.databases import TestDatabase, TestPostgres
from postroom_shared.testkit.mailboxes import MAILBOX_PASSWORD, MASTER_LOGIN, MASTER_SECRET, StartDovecot, TestDovecot
from postroom_shared.testkit.nats import TestNats

__all__ = [
    "MAILBOX_PASSWORD",
    "MASTER_LOGIN",
    "MASTER_SECRET",
    "StartDovecot",
    "TestDatabase",
    "TestDovecot",
    "TestNats",
    "TestPostgres",
]
