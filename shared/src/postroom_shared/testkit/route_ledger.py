"""Which requests tests made, as whom, and what came back; `tools/check_routes.py` reads it after a whole run.

Kept where the environment variable `POSTROOM_ROUTE_LEDGER` names a folder: one file of JSON lines for each process, so
that the workers of xdist do not meet.
"""

import json
import os
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import httpx

from postroom_shared.identity import TokenVerifier
from postroom_shared.identity.tokens import InvalidTokenError
from postroom_shared.principal import PersonPrincipal, ServicePrincipal

FOLDER_VARIABLE = "POSTROOM_ROUTE_LEDGER"
_NAMES = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[^\s\"/?&=@,:]{1,64}@[a-z0-9.-]+", re.IGNORECASE)
_READ_CHARACTERS = 50_000
"""Of a body, which some tests make megabytes long; names stand near its beginning."""


@dataclass(frozen=True, kw_only=True)
class Asker:
    """Who a request came from; all None for an anonymous one."""

    person: str | None = None
    organisation: str | None = None
    service: str | None = None
    operator: bool = False

    @classmethod
    def of(cls, person: PersonPrincipal) -> "Asker":
        """Return what the ledger says of *person*."""
        organisation = str(person.organisation_id) if person.organisation_id else None
        return cls(person=str(person.person_id), organisation=organisation, operator=person.operator)


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request with its answer.

    Attributes:
        named: Ids and mail addresses in path, query and body.
        shown: Ids and mail addresses in a successful answer.
        items: Ids of the items, where it is a list.
    """

    service: str
    method: str
    path: str
    status: int
    problem: str | None
    asker: Asker
    named: list[str]
    shown: list[str]
    items: list[str]


WhoAsks = Callable[[httpx.Request], Asker]


def ledger_hooks(service: str, *, who: WhoAsks) -> dict[str, list[Callable[[httpx.Response], Awaitable[None]]]]:
    """Return the `event_hooks` of a client whose requests are to be kept; none unless there is a ledger.

    Args:
        service: That answers.
        who: Tells who a request came from.
    """
    folder = os.environ.get(FOLDER_VARIABLE)
    if not folder:
        return {}

    async def keep(response: httpx.Response) -> None:
        content = await response.aread() if "json" in response.headers.get("content-type", "") else b""
        _write(Path(folder), _entry(service, response, content, who(response.request)))

    return {"response": [keep]}


def bearer_of(verifier: TokenVerifier) -> WhoAsks:
    """Return what tells who signed the internal token of a request."""

    def who(request: httpx.Request) -> Asker:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        try:
            principal = verifier.verify(token)
        except InvalidTokenError:
            return Asker()
        return Asker(service=principal.name) if isinstance(principal, ServicePrincipal) else Asker.of(principal)

    return who


def _entry(service: str, response: httpx.Response, content: bytes, asker: Asker) -> Request:
    request = response.request
    body = _json(content)
    items = body.get("items") if isinstance(body, dict) else None
    return Request(
        service=service,
        method=request.method,
        path=request.url.path,
        status=response.status_code,
        problem=body.get("type") if isinstance(body, dict) and not response.is_success else None,
        asker=asker,
        named=_names(f"{unquote_plus(str(request.url))} {_sent(request)}"),
        shown=_names(content.decode(errors="replace")) if response.is_success else [],
        items=[each["id"] for each in items or () if isinstance(each, dict) and "id" in each],
    )


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return None


def _sent(request: httpx.Request) -> str:
    try:
        return request.content.decode(errors="replace")
    except httpx.RequestNotRead:
        return ""


def _names(text: str) -> list[str]:
    return sorted({found.lower() for found in _NAMES.findall(text[:_READ_CHARACTERS])})


def _write(folder: Path, entry: Request) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{os.getpid()}.jsonl").open("a") as file:
        file.write(json.dumps(asdict(entry)) + "\n")


def read_ledger(folder: Path) -> Iterator[Request]:
    """Yield every request of a run."""
    for file in sorted(folder.glob("*.jsonl")):
        for line in file.read_text().splitlines():
            values: Mapping[str, Any] = json.loads(line)
            yield Request(**{**values, "asker": Asker(**values["asker"])})
