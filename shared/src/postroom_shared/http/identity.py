"""Authorisation in the signature: a route names the scope it needs and gets the caller, or answers 401 or 403."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from postroom_shared.errors import ForbiddenError, ProblemError, UnauthenticatedError
from postroom_shared.principal import PersonPrincipal, ServicePrincipal

_bearer = HTTPBearer(
    scheme_name="token", description="A personal API token, or an internal token between services.", auto_error=False
)
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


class MissingScopeError(ForbiddenError):
    """The API token does not cover this call."""

    slug = "shared/missing-scope"
    title = "The token does not cover this"


class NoOrganisationError(ProblemError):
    """The call concerns an organisation and the caller acts in none."""

    slug = "shared/no-organisation"
    title = "Choose an organisation first"
    status = HTTPStatus.FORBIDDEN


def authenticate(request: Request, credentials: Credentials) -> PersonPrincipal | ServicePrincipal:
    """Return who calls.

    Raises:
        UnauthenticatedError: There is no token, or it is not valid.
    """
    if credentials is None:
        raise UnauthenticatedError
    principal: PersonPrincipal | ServicePrincipal = request.app.state.runtime.verifier.verify(credentials.credentials)
    request.state.principal = principal
    return principal


Caller = Annotated[PersonPrincipal | ServicePrincipal, Depends(authenticate)]


def person(scope: str, *, organisation: bool = True) -> Callable[..., PersonPrincipal]:
    """Return a dependency that lets a person with *scope* in and gives the route its `PersonPrincipal`.

    Args:
        scope: A `postroom_shared.principal.Scope`; cookie sessions hold all.
        organisation: Whether the person must act in an organisation.
    """

    def authorise(caller: Caller) -> PersonPrincipal:
        if not isinstance(caller, PersonPrincipal):
            raise ForbiddenError
        if not caller.may(scope):
            raise MissingScopeError(extra={"scope": scope})
        if organisation and caller.organisation_id is None:
            raise NoOrganisationError
        return caller

    return authorise


def operator(scope: str) -> Callable[..., PersonPrincipal]:
    """Return a dependency that lets only the operator in (docs/promises.md#+roles-operator)."""

    def authorise(caller: Annotated[PersonPrincipal, Depends(person(scope, organisation=False))]) -> PersonPrincipal:
        if not caller.operator:
            raise ForbiddenError
        return caller

    return authorise


def service_caller(*names: str) -> Callable[..., ServicePrincipal]:
    """Return a dependency that lets only services of the suite in, by *names* when given."""

    def authorise(caller: Caller) -> ServicePrincipal:
        if not isinstance(caller, ServicePrincipal) or (names and caller.name not in names):
            raise ForbiddenError
        return caller

    return authorise
