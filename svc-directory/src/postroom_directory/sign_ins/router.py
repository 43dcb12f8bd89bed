"""HTTP of sign-ins; the gateway only."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from postroom_directory.dependencies import PasswordThreads
from postroom_directory.passwords import PasswordsBusyError
from postroom_directory.sign_ins import service
from postroom_directory.sign_ins.errors import SignInDelayedError, SignInRefusedError
from postroom_directory.sign_ins.schemas import SignInAttempt, SignInRead
from postroom_shared.http.identity import service_caller
from postroom_shared.http.problem import problem_responses
from postroom_shared.principal import ServicePrincipal

Gateway = Annotated[ServicePrincipal, Depends(service_caller("gateway"))]

router = APIRouter(prefix="/internal/v1/sign-ins", include_in_schema=False)


@router.post(":verify", responses=problem_responses(SignInRefusedError, SignInDelayedError, PasswordsBusyError))
async def verify_sign_in(
    attempt: SignInAttempt, _caller: Gateway, request: Request, passwords: PasswordThreads
) -> SignInRead:
    """Return who signs in with this e-mail and password."""
    signed_in = await service.verify_sign_in(
        request.app.state.runtime.sessions,
        passwords,
        email=attempt.email,
        password=attempt.password.get_secret_value(),
        client_address=str(attempt.client_address),
    )
    return SignInRead.of(signed_in)
