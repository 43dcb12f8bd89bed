"""What only this service's processes hold."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from postroom_import.mail_access import MailAccess, MasterLogins, imap_dialler
from postroom_import.settings import ImportSettings
from postroom_shared.security.dialling import DialBudget
from postroom_shared.service import Runtime

_NAME = "import"


@dataclass(frozen=True, slots=True)
class ImportResources:
    """Ways to mail servers.

    Attributes:
        budget: How often an organisation may have hosts tried out.
    """

    access: MailAccess
    logins: MasterLogins
    budget: DialBudget


@asynccontextmanager
async def import_resources(runtime: Runtime[ImportSettings]) -> AsyncIterator[None]:
    """Open the resources of one process into `Runtime.resources`."""
    settings = runtime.settings
    dialler = imap_dialler(ports=settings.source_ports, own_hosts=settings.own_hosts)
    logins = MasterLogins(settings.directory_url, runtime.signer)
    access = MailAccess(dialler, tls_ca_file=settings.tls_ca_file)
    runtime.resources[_NAME] = ImportResources(access, logins, DialBudget())
    try:
        yield
    finally:
        await logins.close()


def resources_of(runtime: Runtime[ImportSettings]) -> ImportResources:
    """Return what `import_resources` opened."""
    found = runtime.resources[_NAME]
    if not isinstance(found, ImportResources):
        raise TypeError("the resources of svc-import are not open")
    return found
