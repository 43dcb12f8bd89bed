"""The ASGI application in front of FastAPI's: every request comes through here, most go on to a service."""

from collections.abc import MutableMapping
from typing import Any
from uuid import UUID

from fastapi import FastAPI
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import JSONResponse, Response
from starlette.types import Message, Receive, Scope, Send

from postroom_gateway.border.answer_headers import AnswerHeaders
from postroom_gateway.border.client_address import client_address, is_in
from postroom_gateway.border.errors import BadOrganisationError, NothingHereError
from postroom_gateway.border.shape import check_shape
from postroom_gateway.identification.credentials import CredentialKind, Presented, presented_credentials
from postroom_gateway.identification.csrf import SAFE_METHODS, refuse_foreign_origin, refuse_missing_token
from postroom_gateway.identification.identities import Identity
from postroom_gateway.manifest import MANIFEST
from postroom_gateway.proxy.forwarding import Exchange
from postroom_gateway.proxy.headers import Forwarded, values_of
from postroom_gateway.rate_limits.limits import rate_limit_headers
from postroom_gateway.resources import Gateway
from postroom_gateway.settings import GatewaySettings
from postroom_shared.errors import ProblemError, UnavailableError
from postroom_shared.http.problem import problem_response
from postroom_shared.identity.tokens import InvalidTokenError
from postroom_shared.principal import PersonPrincipal

ORGANISATION_HEADER = b"postroom-organisation"
_HEALTH = frozenset({"/livez", "/readyz", "/metrics"})
_BEFORE_SIGN_IN = frozenset({("POST", "/v1/session"), ("POST", "/v1/session:refresh")})
"""Where no session is looked at: they make one. `SameSite`, `Origin` and `Sec-Fetch-Site` guard them."""
_CLAIMS = frozenset({b"authorization", b"x-request-id", b"traceparent", b"tracestate"})


class FrontDoor:
    """Check, limit, identify, then hand over to the gateway's own routes or to a service."""

    def __init__(self, app: FastAPI, settings: GatewaySettings) -> None:
        self._app = app
        self._settings = settings
        self._cors_origins = frozenset(origin.encode() for origin in settings.cors_origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = AnswerHeaders(secure=self._settings.secure, cors_origins=self._cors_origins)
        started = False

        async def send_completed(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message = {**message, "headers": answer.complete(message["headers"])}
            await send(message)

        try:
            await self._serve(scope, receive, send_completed, answer)
        except ProblemError as problem:
            if started:
                raise
            response = problem_response(problem, request_id=_state(scope).get("request_id"))
            await response(scope, receive, send_completed)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, answer: AnswerHeaders) -> None:
        check_shape(scope, self._settings)
        path, gateway = scope["path"], self._gateway()
        address = self._client_address(scope)
        _state(scope)["client_address"] = address
        if path in _HEALTH:
            await self._health(scope, receive, send)
            return
        answer.note_origin(scope["headers"])
        answer.rate_limit = rate_limit_headers(gateway.request_limits.take_client(address))
        if scope["method"] == "OPTIONS" and values_of(scope["headers"], b"access-control-request-method"):
            preflight = Response(status_code=204)
            preflight.raw_headers = answer.preflight()
            await preflight(scope, receive, send)
            return
        await self._route(scope, receive, send, answer)

    async def _route(self, scope: Scope, receive: Receive, send: Send, answer: AnswerHeaders) -> None:
        path, gateway = scope["path"], self._gateway()
        found = gateway.routes.find(path)
        _state(scope)["route"] = f"{found[1]}/…" if found else "own"
        if found is None and path.startswith("/internal/"):
            raise NothingHereError
        caller = await self._caller(scope, answer)
        if found is None:
            await self._answer_ourselves(scope, receive, send, caller)
            return
        name = found[0]
        token = gateway.tokens.token(caller, audience=name) if caller else None
        exchange = Exchange(
            upstream=gateway.upstreams[name], streams=gateway.streams, scope=scope, receive=receive, send=send
        )
        await exchange.run(self._forwarded(scope, token))

    async def _caller(self, scope: Scope, answer: AnswerHeaders) -> PersonPrincipal | None:
        """Return the caller in the organisation the request is about; None for an anonymous one."""
        gateway, headers = self._gateway(), scope["headers"]
        if (scope["method"], scope["path"]) in _BEFORE_SIGN_IN:
            answer.private = True
            refuse_foreign_origin(headers, own_origin=self._settings.public_url.rstrip("/"))
            return None
        presented = presented_credentials(headers, cookie_name=gateway.cookies.access)
        identity = await self._identity(presented) if presented else None
        if identity is None:
            return None
        answer.private = True
        self._check_csrf(scope, identity)
        caller = identity.acting_in(_wanted_organisation(scope))
        answer.rate_limit = rate_limit_headers(gateway.request_limits.take_person(caller))
        return caller

    async def _identity(self, presented: Presented) -> Identity | None:
        try:
            identity = await self._gateway().identities.find(presented)
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            raise UnavailableError(retry_after_s=2) from error
        if identity is None and presented.kind == CredentialKind.API_TOKEN:
            raise InvalidTokenError
        return identity

    def _check_csrf(self, scope: Scope, identity: Identity) -> None:
        if identity.csrf_token is None or scope["method"] in SAFE_METHODS:
            return
        refuse_foreign_origin(scope["headers"], own_origin=self._settings.public_url.rstrip("/"))
        refuse_missing_token(scope["headers"], expected=identity.csrf_token)

    async def _answer_ourselves(
        self, scope: Scope, receive: Receive, send: Send, caller: PersonPrincipal | None
    ) -> None:
        headers = [(name, value) for name, value in scope["headers"] if name not in _CLAIMS]
        if caller is not None:
            token = self._gateway().tokens.token(caller, audience=MANIFEST.name)
            headers.append((b"authorization", f"Bearer {token}".encode()))
        inner = {**scope, "headers": headers}
        try:
            await self._app(inner, receive, send)
        finally:
            scope["route"] = inner.get("route")  # for the measures

    async def _health(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer health checks; `/metrics` only to the networks of the setting, and not through a proxy."""
        if scope["path"] == "/metrics":
            peer = scope["client"][0] if scope.get("client") else ""
            through_proxy = values_of(scope["headers"], b"x-forwarded-for") or values_of(scope["headers"], b"forwarded")
            if through_proxy or not is_in(peer, self._settings.metrics_networks):
                raise NothingHereError
        if scope["path"] == "/readyz" and self._gateway().draining.begun:
            response = JSONResponse({"status": "unavailable", "checks": {"draining": False}}, status_code=503)
            await response(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _client_address(self, scope: Scope) -> str:
        peer = scope["client"][0] if scope.get("client") else None
        return client_address(peer, values_of(scope["headers"], b"x-forwarded-for"), self._settings.trusted_proxies)

    def _forwarded(self, scope: Scope, token: str | None) -> Forwarded:
        state = _state(scope)
        hosts = values_of(scope["headers"], b"host")
        return Forwarded(
            token=token,
            client=state["client_address"],
            host=hosts[0].decode("latin-1") if hosts else "",
            scheme="https" if self._settings.secure else "http",
            request_id=state["request_id"],
            traceparent=state["traceparent"],
        )

    def _gateway(self) -> Gateway:
        return Gateway.of(self._app.state.runtime)


def _state(scope: Scope) -> MutableMapping[str, Any]:
    state: MutableMapping[str, Any] = scope.setdefault("state", {})
    return state


def _wanted_organisation(scope: Scope) -> UUID | None:
    given = values_of(scope["headers"], ORGANISATION_HEADER)
    if not given:
        return None
    try:
        (text,) = given
        return UUID(text.decode("ascii"))
    except (ValueError, UnicodeDecodeError) as error:
        raise BadOrganisationError from error
