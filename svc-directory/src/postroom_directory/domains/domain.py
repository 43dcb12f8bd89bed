"""The rules of domains; pure."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from postroom_directory.domains.errors import DomainIsAliasError, DomainIsPrimaryError
from postroom_directory.mail_services.domain import MailService
from postroom_shared.values import Domain, uuid7


@dataclass(frozen=True, kw_only=True, slots=True)
class MailDomain:
    """One domain of a mail service.

    Attributes:
        alias_of_id: The domain whose local parts it answers to as well; None for a domain with addresses of its own.
    """

    id: UUID
    organisation_id: UUID
    mail_service_id: UUID
    name: Domain
    alias_of_id: UUID | None
    alias_of: Domain | None
    is_primary: bool
    version: int
    created_at: datetime

    @classmethod
    def first_of(cls, service: MailService, *, now: datetime) -> "MailDomain":
        """Return the primary domain of a new mail service."""
        if service.primary_domain is None:
            raise ValueError("a new mail service has a primary domain")
        return cls.of(service, service.primary_domain, alias_of=None, now=now, primary=True)

    @classmethod
    def of(
        cls, service: MailService, name: Domain, *, alias_of: "MailDomain | None", now: datetime, primary: bool = False
    ) -> "MailDomain":
        """Return a new domain of *service*.

        Raises:
            DomainIsAliasError: *alias_of* is an alias domain itself.
        """
        if alias_of is not None and alias_of.alias_of_id is not None:
            raise DomainIsAliasError(f"{alias_of.name} is an alias domain itself.")
        return cls(
            id=uuid7(),
            organisation_id=service.organisation_id,
            mail_service_id=service.id,
            name=name,
            alias_of_id=alias_of.id if alias_of else None,
            alias_of=alias_of.name if alias_of else None,
            is_primary=primary,
            version=1,
            created_at=now,
        )


def require_own_addresses(domain: MailDomain) -> None:
    """Refuse an alias domain where a domain with addresses of its own is needed."""
    if domain.alias_of_id is not None:
        raise DomainIsAliasError(f"{domain.name} takes the local parts of {domain.alias_of}.")


def require_secondary(domain: MailDomain) -> None:
    """Refuse the primary domain where it must stay."""
    if domain.is_primary:
        raise DomainIsPrimaryError
