"""Passwords of addresses over HTTP."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends

from postroom_directory.addresses.callers import AddressChanger
from postroom_directory.addresses.errors import AddressNotFoundError, NoMailboxError, RightMissingError
from postroom_directory.credentials import service
from postroom_directory.credentials.errors import PasswordTooWeakError, TooManyWrongPasswordsError
from postroom_directory.credentials.schemas import (
    AddressPasswordChange,
    ApplicationPasswordHash,
    CredentialsRead,
    PasswordTest,
    PasswordTested,
)
from postroom_directory.dependencies import PasswordThreads
from postroom_directory.passwords import PasswordsBusyError
from postroom_shared.http.dependencies import OpenSession, Session
from postroom_shared.http.identity import service_caller
from postroom_shared.http.problem import problem_responses
from postroom_shared.principal import ServicePrincipal

router = APIRouter(tags=["addresses"])
Guard = Annotated[ServicePrincipal, Depends(service_caller("smtp-guard"))]


@router.post(
    "/v1/addresses/{address_id}:test-password",
    responses=problem_responses(AddressNotFoundError, NoMailboxError, TooManyWrongPasswordsError, PasswordsBusyError),
)
async def test_password(
    address_id: UUID, body: PasswordTest, caller: AddressChanger, session: Session, passwords: PasswordThreads
) -> PasswordTested:
    """Try a password of an address that is attached to you, or that you manage. It is not the one you sign in with."""
    tried = body.password.get_secret_value()
    matches = await service.try_password(session, passwords, caller, address_id, password=tried)
    return PasswordTested(matches=matches)


@router.post(
    "/v1/addresses/{address_id}:change-password",
    status_code=HTTPStatus.NO_CONTENT,
    responses=problem_responses(
        AddressNotFoundError, RightMissingError, NoMailboxError, PasswordTooWeakError, PasswordsBusyError
    ),
)
async def change_password(
    address_id: UUID, body: AddressPasswordChange, caller: AddressChanger, session: Session, passwords: PasswordThreads
) -> None:
    """Give an address a new password (right `password.change`). Mail servers take it with the answer."""
    new = body.password.get_secret_value()
    await service.change_password(session, passwords, caller, address_id, password=new)


@router.get(
    "/internal/v1/credentials/{address_id}", include_in_schema=False, responses=problem_responses(AddressNotFoundError)
)
async def read_credentials(_: Guard, address_id: UUID, session: OpenSession) -> CredentialsRead:
    """Give svc-smtp-guard the hashes that open an address."""
    found = await service.read_credentials(session, address_id)
    hashes = [
        ApplicationPasswordHash(
            id=each.id,
            lookup_id=each.lookup_id,
            password=each.secret_hash,
            protocols=sorted(each.protocols),
            expires_at=each.expires_at,
        )
        for each in found.application_passwords
    ]
    return CredentialsRead(
        address_id=found.address.id,
        organisation_id=found.address.organisation_id,
        address=found.address.address,
        enabled=found.address.enabled,
        version=found.address.version,
        credential_version=found.address.credential_version,
        password=found.password,
        application_passwords=hashes,
    )
