"""Ask svc-directory for states, with this service's own identity."""

from collections.abc import AsyncIterator, Generator
from http import HTTPStatus
from typing import Any, Self
from uuid import UUID

import httpx
import stamina
from pydantic import BaseModel, ConfigDict, ValidationError
from typing_extensions import override

from postroom_shared.identity import TokenSigner
from postroom_shared.projection.errors import DirectoryUnavailableError, UnreadableStateError
from postroom_shared.projection.states import STATE_OF, AnyState, Kind
from postroom_shared.tracing import current_traceparent

AUDIENCE = "directory"
TIMEOUT_S = 5.0
TRIES = 3
PAGE_SIZE = 200


class SnapshotPage(BaseModel):
    """One page of a snapshot, its items not yet read."""

    model_config = ConfigDict(extra="ignore")

    items: list[dict[str, Any]]
    next: str | None


class ServiceAuth(httpx.Auth):
    """Sign every request with a fresh token of this service."""

    def __init__(self, signer: TokenSigner, *, audience: str) -> None:
        self._signer = signer
        self._audience = audience

    @override
    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the token to *request*."""
        request.headers["Authorization"] = f"Bearer {self._signer.for_service(audience=self._audience)}"
        if traceparent := current_traceparent():
            request.headers["traceparent"] = traceparent
        yield request


class DirectoryClient:
    """The internal API of svc-directory, as far as projections need it.

    Args:
        url: Base address of svc-directory.
        signer: This service's identity.
        transport: How requests travel; the network when None.
    """

    def __init__(self, url: str, signer: TokenSigner, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._http = httpx.AsyncClient(
            base_url=url, auth=ServiceAuth(signer, audience=AUDIENCE), timeout=TIMEOUT_S, transport=transport
        )

    async def __aenter__(self) -> Self:
        """Open the connections."""
        await self._http.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def state(self, kind: Kind, thing_id: UUID) -> AnyState | None:
        """Return the present state of a thing, None when it is gone.

        Raises:
            DirectoryUnavailableError: No answer after `TRIES` tries.
            UnreadableStateError: The answer makes no sense to this release.
        """
        answer = await self._get(f"/internal/v1/projection/{kind}/{thing_id}")
        return None if answer.status_code == HTTPStatus.NOT_FOUND else read_state(kind, _content(answer))

    async def snapshot(self, kind: Kind) -> AsyncIterator[list[dict[str, Any]]]:
        """Yield all things of a kind, page by page, as they came; `read_state` reads each.

        Raises:
            DirectoryUnavailableError: No answer after `TRIES` tries.
            UnreadableStateError: A page makes no sense.
        """
        parameters: dict[str, str | int] = {"limit": PAGE_SIZE}
        while True:
            answer = await self._get(f"/internal/v1/projection/{kind}", parameters)
            try:
                page = SnapshotPage.model_validate(_content(answer))
            except ValidationError as error:
                raise UnreadableStateError(f"a page of {kind} cannot be read") from error
            yield page.items
            if page.next is None:
                return
            parameters["cursor"] = page.next

    async def _get(self, path: str, parameters: dict[str, str | int] | None = None) -> httpx.Response:
        try:
            async for attempt in stamina.retry_context(
                on=httpx.HTTPError, attempts=TRIES, wait_initial=0.05, timeout=15
            ):
                with attempt:
                    answer = await self._http.get(path, params=parameters)
                    if answer.is_server_error:
                        answer.raise_for_status()
                    return _accepted(answer)
        except httpx.HTTPError as error:
            raise DirectoryUnavailableError(str(error) or type(error).__name__) from error
        raise AssertionError("a retry context ends with an answer or an exception")


def _accepted(answer: httpx.Response) -> httpx.Response:
    if answer.status_code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        raise DirectoryUnavailableError(f"svc-directory answers {answer.status_code} to this service's identity")
    if not answer.is_success and answer.status_code != HTTPStatus.NOT_FOUND:
        raise UnreadableStateError(f"svc-directory answers {answer.status_code}")
    return answer


def _content(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError as error:
        raise UnreadableStateError("the answer is not JSON") from error


def read_state(kind: Kind, content: Any) -> AnyState:
    """Return *content* as the state of its kind.

    Raises:
        UnreadableStateError: A member is missing or has another type.
    """
    try:
        return STATE_OF[kind].model_validate(content)
    except ValidationError as error:
        raise UnreadableStateError(f"a state of {kind} cannot be read: {error.error_count()} members") from error
