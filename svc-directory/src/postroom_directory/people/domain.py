"""The rules of people's accounts; pure.

A person may belong to several organisations. Whoever manages one of them must not be able to take over the account and
with it the others: a shared account is changed by the person and by the operator only.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from postroom_directory.memberships.domain import Membership, acting_role, require_may_touch
from postroom_directory.people.errors import LastOperatorError, SharedAccountError, WeakPasswordError
from postroom_shared.errors import ForbiddenError
from postroom_shared.principal import PersonPrincipal
from postroom_shared.values import Address

SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 256
FEWEST_CHARACTERS = 5
"""Different characters that a password has at least."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """One person; `credential_version` grows when sessions must end."""

    id: UUID
    email: Address
    display_name: str
    language: str
    enabled: bool
    operator: bool
    password_hash: str | None
    credential_version: int
    version: int
    created_at: datetime
    changed_at: datetime

    @property
    def runs_installation(self) -> bool:
        """Whether this is an operator who can sign in."""
        return self.operator and self.enabled

    def with_account(
        self, *, display_name: str, language: str, enabled: bool, operator: bool, now: datetime
    ) -> "Person":
        """Return the next version; disabling or enabling, and giving or taking the operator's flag, ends sessions."""
        ends = (enabled, operator) != (self.enabled, self.operator)
        return replace(
            self,
            display_name=display_name,
            language=language,
            enabled=enabled,
            operator=operator,
            credential_version=self.credential_version + ends,
            version=self.version + 1,
            changed_at=now,
        )

    def with_password(self, password_hash: str, *, now: datetime) -> "Person":
        """Return the next version with another password; sessions end."""
        return replace(
            self,
            password_hash=password_hash,
            credential_version=self.credential_version + 1,
            version=self.version + 1,
            changed_at=now,
        )


@dataclass(frozen=True, slots=True)
class PasswordLink:
    """A link with which its holder sets a person's password once; the token is known to nobody else."""

    token: str
    expires_at: datetime


def new_token() -> str:
    """Return 256 random bits as text."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """Return what is stored of a token; it is random, so a fast hash is enough."""
    return hashlib.sha256(token.encode()).digest()


def require_authority(principal: PersonPrincipal, person: Person, memberships: Sequence[Membership]) -> None:
    """Let the operator, or who manages the person's only organisation, change the account.

    Args:
        principal: Who wants to.
        person: Whose account it is.
        memberships: All of the person's, in whatever organisation; invitations do not count.

    Raises:
        ForbiddenError: The caller manages nothing, or the person runs the installation.
        SharedAccountError: The person belongs to other organisations too.
        RoleNotYoursError: An administrator touches the account of an owner or legal representative.
    """
    if principal.operator:
        return
    if principal.organisation_id is None or person.operator:
        raise ForbiddenError
    actor = acting_role(principal, principal.organisation_id)
    accepted = [each for each in memberships if each.accepted_at is not None]
    if any(each.organisation_id != principal.organisation_id for each in accepted):
        raise SharedAccountError
    require_may_touch(actor, *(each.role for each in accepted))


def require_operator_remains(person: Person, *, becomes: Person | None, other_operators: int) -> None:
    """Refuse to take the last operator from the installation.

    Args:
        person: Whose account changes.
        becomes: How it will be; None when it is deleted.
        other_operators: Enabled operators beside this one.

    Raises:
        LastOperatorError: Nobody would run the installation any more.
    """
    remains = becomes is not None and becomes.runs_installation
    if person.runs_installation and not remains and other_operators == 0:
        raise LastOperatorError


def require_strong(password: str, *, email: Address) -> None:
    """Refuse passwords that a guesser tries first; length is checked where the request is read.

    Raises:
        WeakPasswordError: It repeats few characters, or is made of the e-mail.

    Source: NIST SP 800-63B §5.1.1.2
    """
    lowered = password.casefold()
    if len(set(lowered)) < FEWEST_CHARACTERS or email.local_part in {lowered, lowered.strip("0123456789!.")}:
        raise WeakPasswordError
    if lowered in {email, str(email.domain)}:
        raise WeakPasswordError
