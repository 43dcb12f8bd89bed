"""What a caller of this service may see and do, before any grant is asked for."""

from uuid import UUID

from sqlalchemy import ColumnElement, true
from sqlalchemy.orm import InstrumentedAttribute

from postroom_shared.errors import ForbiddenError
from postroom_shared.principal import EVERYTHING, PersonPrincipal, Principal, SystemPrincipal


class NotManagerError(ForbiddenError):
    """Only who manages the organisation by role may do this."""

    slug = "directory/not-a-manager"
    title = "Only a manager of the organisation may do this"


def inside(principal: Principal, organisation_id: InstrumentedAttribute[UUID]) -> ColumnElement[bool]:
    """Return the condition that keeps a query within the principal's organisation."""
    scope = principal.organisation_scope
    return true() if scope == EVERYTHING else organisation_id == scope


def administrative(caller: PersonPrincipal) -> Principal:
    """Return the principal to look at mail servers, mail services and domains with: the operator sees all of them.

    Source: docs/promises.md#+roles-operator
    """
    return SystemPrincipal() if caller.operator else caller


def require_manager(caller: PersonPrincipal) -> None:
    """Refuse whoever does not manage the acting organisation by role.

    Source: docs/promises.md#roles
    """
    if not caller.manages:
        raise NotManagerError


def require_manager_or_operator(caller: PersonPrincipal) -> None:
    """Refuse whoever neither runs the installation nor manages the acting organisation."""
    if not caller.operator:
        require_manager(caller)
