"""Who asks.

Every repository call takes a `Principal` and filters by its organisation: forgetting the filter is a type error.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, TypeAlias
from uuid import UUID

EVERYTHING: Literal["*"] = "*"
OrganisationScope: TypeAlias = UUID | Literal["*"]
"""The rows a transaction may see: one organisation's, or all (`*`, for operators' routes, relays and consumers)."""


NO_ORGANISATION = UUID(int=2**128 - 1)
"""The Max UUID (RFC 9562 §5.10): what somebody without an organisation may see, namely nothing."""


class Role(StrEnum):
    """What a person is in one organisation (docs/promises.md#roles)."""

    OWNER = "owner"
    LEGAL_REPRESENTATIVE = "legal_representative"
    ADMINISTRATOR = "administrator"
    MEMBER = "member"
    GUEST = "guest"

    @property
    def manages(self) -> bool:
        """Whether the role holds every right on the organisation's addresses without a grant."""
        return self in {Role.OWNER, Role.LEGAL_REPRESENTATIVE, Role.ADMINISTRATOR}


class AddressRight(StrEnum):
    """What a person may do with one address."""

    LOGS_READ = "logs.read"
    RESPONDER_MANAGE = "responder.manage"
    RULES_MANAGE = "rules.manage"
    SIGNATURES_MANAGE = "signatures.manage"
    REDIRECTIONS_MANAGE = "redirections.manage"
    ALIASES_MANAGE = "aliases.manage"
    FILTERS_MANAGE = "filters.manage"
    FOLDERS_MANAGE = "folders.manage"
    PASSWORD_CHANGE = "password.change"  # noqa: S105 - the name of a right
    SECURITY_MANAGE = "security.manage"
    DEVICES_MANAGE = "devices.manage"
    SEND_AS = "send_as"
    SEND_ON_BEHALF = "send_on_behalf"


ALL_SCOPES = "*"
"""The scope of a cookie session; API tokens name theirs one by one."""


class Scope(StrEnum):
    """What an API token may be used for."""

    DIRECTORY_READ = "directory.read"
    DIRECTORY_MANAGE = "directory.manage"
    IMPORTS_READ = "imports.read"
    IMPORTS_MANAGE = "imports.manage"
    LOGS_READ = "logs.read"
    ACCOUNT_MANAGE = "account.manage"


@dataclass(frozen=True, kw_only=True, slots=True)
class PersonPrincipal:
    """A signed-in person, acting in at most one organisation for this request.

    Attributes:
        role: The person's role in `organisation_id`; None when they act in none.
        operator: Whether the person runs this installation. It opens no organisation's data by itself.
        session_id: The gateway's session or API token the request came with.
    """

    person_id: UUID
    organisation_id: UUID | None
    role: Role | None
    scopes: frozenset[str]
    operator: bool = False
    session_id: UUID | None = None

    @property
    def organisation_scope(self) -> OrganisationScope:
        """The acting organisation, or one that no row has."""
        return self.organisation_id or NO_ORGANISATION

    def may(self, scope: str) -> bool:
        """Return whether the session or token covers *scope*."""
        return ALL_SCOPES in self.scopes or scope in self.scopes

    @property
    def manages(self) -> bool:
        """Whether the person manages the acting organisation by role."""
        return self.role is not None and self.role.manages


@dataclass(frozen=True, kw_only=True, slots=True)
class ServicePrincipal:
    """Another service of the suite, by its own signature; `on_behalf` names the person it acts for."""

    name: str
    on_behalf: PersonPrincipal | None = None

    @property
    def organisation_scope(self) -> OrganisationScope:
        """The organisation of the person it acts for, else everything."""
        return self.on_behalf.organisation_scope if self.on_behalf else EVERYTHING


@dataclass(frozen=True, kw_only=True, slots=True)
class SystemPrincipal:
    """This service itself, in a worker or a consumer; without an organisation it sees all rows."""

    organisation_id: UUID | None = None

    @property
    def organisation_scope(self) -> OrganisationScope:
        """The organisation being worked for, else everything."""
        return self.organisation_id or EVERYTHING


Principal: TypeAlias = PersonPrincipal | ServicePrincipal | SystemPrincipal
