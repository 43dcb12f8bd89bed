"""`Idempotency-Key`: the same unsafe request twice has one effect and one answer, kept for 24 hours.

The key is claimed inside the request's own transaction: a crash before the commit frees it, a crash after keeps it.
A second request with the key waits for the first one's commit at the primary key. The answer is stored afterwards;
should the process die in between, a repeat is told that the request was carried out, instead of doing it again.
"""

import asyncio
import hashlib
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any
from uuid import UUID

from fastapi import Request
from sqlalchemy import LargeBinary, delete, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from postroom_shared.background import Task, pause
from postroom_shared.database import FloorBase, Sessions, bind_organisation
from postroom_shared.errors import ConflictError, PayloadError, ProblemError
from postroom_shared.principal import NO_ORGANISATION, PersonPrincipal, Principal, SystemPrincipal

HEADER = "idempotency-key"
KEPT_FOR = timedelta(hours=24)
PURGE_EVERY_S = 3600.0
MAX_KEY_LENGTH = 255
MAX_STORED_OCTETS = 1 << 20
_UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_STORED_HEADERS = ("content-type", "location", "etag")


class IdempotencyKeyRow(FloorBase):
    """One claimed key and, once known, the answer."""

    __tablename__ = "idempotency_key"

    organisation_id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_hash: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int | None]
    headers: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]


class IdempotencyKeyReusedError(PayloadError):
    """The key was used for another request."""

    slug = "shared/idempotency-key-reused"
    title = "This Idempotency-Key belongs to another request"


class AnswerLostError(ConflictError):
    """The request was carried out, but its answer was not kept; look the result up instead."""

    slug = "shared/answer-lost"
    title = "This was already carried out"


class StoredAnswer(Exception):  # noqa: N818 - not an error: it carries the first answer to the middleware
    """Ends a repeated request with the answer of the first."""

    def __init__(self, row: IdempotencyKeyRow) -> None:
        super().__init__()
        self.status = row.status or HTTPStatus.OK
        self.headers = dict(row.headers or {})
        self.body = row.body or b""


def _owner(principal: Principal) -> tuple[UUID, UUID] | None:
    if isinstance(principal, PersonPrincipal):
        return principal.organisation_id or NO_ORGANISATION, principal.person_id
    return None


async def claim_request(session: AsyncSession, request: Request, principal: Principal) -> None:
    """Claim the request's key, if it has one, in *session*'s transaction.

    Raises:
        StoredAnswer: The same request was answered before.
        IdempotencyKeyReusedError: Another request used the key.
        AnswerLostError: The same request was carried out and its answer is not known.
    """
    key, owner = request.headers.get(HEADER), _owner(principal)
    if key is None or owner is None or request.method not in _UNSAFE:
        return
    if not 0 < len(key) <= MAX_KEY_LENGTH or not key.isprintable():
        raise PayloadError("An Idempotency-Key has 1 to 255 printable characters.")
    wanted = await _request_hash(request)
    new = insert(IdempotencyKeyRow).values(
        organisation_id=owner[0], person_id=owner[1], key=key, request_hash=wanted, created_at=datetime.now(UTC)
    )
    claimed = await session.scalar(new.on_conflict_do_nothing().returning(IdempotencyKeyRow.key))
    if claimed is None:
        raise await _answer_again(session, (*owner, key), wanted)
    request.scope.setdefault("state", {})["idempotency_claim"] = (*owner, key)


async def _request_hash(request: Request) -> bytes:
    digest = hashlib.sha256(f"{request.method} {request.url.path}?{request.url.query}\n".encode())
    digest.update(await request.body())
    return digest.digest()


async def _answer_again(
    session: AsyncSession, primary_key: tuple[UUID, UUID, str], wanted: bytes
) -> StoredAnswer | ProblemError:
    row = await session.get_one(IdempotencyKeyRow, primary_key)
    if row.request_hash != wanted:
        return IdempotencyKeyReusedError()
    return AnswerLostError() if row.status is None else StoredAnswer(row)


class IdempotencyMiddleware:
    """Keep the answer of a request that claimed a key. Pure ASGI; other requests pass untouched."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the request; store its answer when a key was claimed and the answer is small enough."""
        if scope["type"] != "http" or not any(name == HEADER.encode() for name, _ in scope["headers"]):
            await self._app(scope, receive, send)
            return
        kept = _KeptAnswer()

        async def send_and_keep(message: Message) -> None:
            kept.take(message)
            if kept.complete and (claim := scope.get("state", {}).get("idempotency_claim")):
                await _store(scope["app"].state.runtime.sessions, claim, kept)
            await send(message)

        await self._app(scope, receive, send_and_keep)


class _KeptAnswer:
    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = b""
        self.complete = False

    def take(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=list(message["headers"]))
            self.status = message["status"]
            self.headers = {name: headers[name] for name in _STORED_HEADERS if name in headers}
        elif message["type"] == "http.response.body" and len(self.body) <= MAX_STORED_OCTETS:
            self.body += message.get("body", b"")
            self.complete = not message.get("more_body", False) and len(self.body) <= MAX_STORED_OCTETS


async def _store(sessions: Sessions, claim: tuple[UUID, UUID, str], answer: _KeptAnswer) -> None:
    async with sessions() as session, session.begin():
        await bind_organisation(session, SystemPrincipal())
        mine = (
            (IdempotencyKeyRow.organisation_id == claim[0])
            & (IdempotencyKeyRow.person_id == claim[1])
            & (IdempotencyKeyRow.key == claim[2])
        )
        await session.execute(
            update(IdempotencyKeyRow).where(mine).values(status=answer.status, headers=answer.headers, body=answer.body)
        )


def forgetting_keys(sessions: Sessions, *, stopping: asyncio.Event) -> Task:
    """The task that deletes keys older than `KEPT_FOR`, at the start of a process and then each `PURGE_EVERY_S`."""

    async def forget() -> None:
        while not stopping.is_set():
            async with sessions() as session, session.begin():
                await bind_organisation(session, SystemPrincipal())
                await _purge(session, now=datetime.now(UTC))
            await pause(stopping, PURGE_EVERY_S)

    return "idempotency keys", forget


async def _purge(session: AsyncSession, *, now: datetime) -> None:
    await session.execute(delete(IdempotencyKeyRow).where(IdempotencyKeyRow.created_at < now - KEPT_FOR))
