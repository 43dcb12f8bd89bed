"""The client against a directory that misbehaves: a test server of our own."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from postroom_shared.identity import TokenSigner, generate_key
from postroom_shared.projection.client import DirectoryClient
from postroom_shared.projection.errors import DirectoryUnavailableError, UnreadableStateError
from postroom_shared.projection.states import Kind, OrganisationState
from postroom_shared.values import uuid7

ID = uuid7()
STATE: dict[str, Any] = {
    "id": str(ID),
    "version": 3,
    "name": "Example SA",
    "language": "fr",
    "time_zone": "UTC",
    "state": "active",
}
Answer = Callable[[Request], Awaitable[Response]]


def client_of(*answers: Response) -> tuple[DirectoryClient, list[Request]]:
    """Return a client of a server that gives these answers, one after the other, the last one for ever."""
    seen: list[Request] = []

    async def answer(request: Request) -> Response:
        seen.append(request)
        return answers[min(len(seen), len(answers)) - 1]

    app = Starlette(routes=[Route("/{path:path}", answer)])
    signer = TokenSigner("copyist", generate_key())
    return DirectoryClient("http://directory", signer, transport=httpx.ASGITransport(app=app)), seen


async def test_a_state_is_read_with_the_services_own_token() -> None:
    client, seen = client_of(JSONResponse(STATE))

    async with client:
        state = await client.state(Kind.ORGANISATION, ID)

    assert isinstance(state, OrganisationState)
    assert (state.id, state.version) == (ID, 3)
    assert seen[0].url.path == f"/internal/v1/projection/organisation/{ID}"
    assert seen[0].headers["authorization"].startswith("Bearer ey")


async def test_members_of_a_later_release_are_ignored() -> None:
    client, _ = client_of(JSONResponse(STATE | {"colour": "blue"}))

    async with client:
        assert await client.state(Kind.ORGANISATION, ID) is not None


async def test_what_is_gone_is_none() -> None:
    client, _ = client_of(JSONResponse({}, status_code=404))

    async with client:
        assert await client.state(Kind.ORGANISATION, ID) is None


async def test_a_server_error_is_asked_again_and_then_given_up() -> None:
    passing, seen = client_of(Response(status_code=503), JSONResponse(STATE))
    lasting, tries = client_of(Response(status_code=500))

    async with passing, lasting:
        assert await passing.state(Kind.ORGANISATION, ID) is not None
        with pytest.raises(DirectoryUnavailableError):
            await lasting.state(Kind.ORGANISATION, ID)

    assert (len(seen), len(tries)) == (2, 3)


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_identity_is_told_without_another_try(status: int) -> None:
    client, seen = client_of(Response(status_code=status))

    async with client:
        with pytest.raises(DirectoryUnavailableError, match=str(status)):
            await client.state(Kind.ORGANISATION, ID)

    assert len(seen) == 1


@pytest.mark.parametrize(
    "answer",
    [
        PlainTextResponse("<html>"),
        JSONResponse([]),
        JSONResponse({"id": "x"}),
        JSONResponse(STATE | {"state": "on fire"}),
        Response(status_code=400),
        Response(status_code=302),
    ],
)
async def test_an_answer_that_makes_no_sense_is_named(answer: Response) -> None:
    client, _ = client_of(answer)

    async with client:
        with pytest.raises(UnreadableStateError):
            await client.state(Kind.ORGANISATION, ID)


async def test_a_snapshot_comes_page_by_page() -> None:
    client, seen = client_of(
        JSONResponse({"items": [STATE], "next": "abc"}), JSONResponse({"items": [STATE, STATE], "next": None})
    )

    async with client:
        pages = [page async for page in client.snapshot(Kind.ORGANISATION)]

    assert [len(page) for page in pages] == [1, 2]
    assert [request.query_params.get("cursor") for request in seen] == [None, "abc"]


async def test_a_page_that_makes_no_sense_is_named() -> None:
    client, _ = client_of(JSONResponse({"things": []}))

    async with client:
        with pytest.raises(UnreadableStateError):
            [page async for page in client.snapshot(Kind.ORGANISATION)]
