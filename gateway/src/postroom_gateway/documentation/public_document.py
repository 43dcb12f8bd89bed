"""What the gateway adds to the services' documents: how to sign in, where to act, and what it refuses itself."""

from collections.abc import Callable, Sequence

from postroom_gateway.border.errors import BadOrganisationError, BadPathError, HeadersTooLargeError, UrlTooLongError
from postroom_gateway.documentation.merging import Document, ServiceDocument, merge, operations
from postroom_gateway.identification.csrf import CsrfTokenError, ForeignOriginError
from postroom_gateway.manifest import MANIFEST
from postroom_gateway.proxy.errors import BadAnswerError, NoAnswerError, ServiceBusyError, ServiceDownError
from postroom_gateway.rate_limits.limits import TooManyRequestsError
from postroom_gateway.sessions.errors import NotAMemberError
from postroom_shared.errors import ProblemError
from postroom_shared.http.openapi import add_refusals
from postroom_shared.http.problem import PROBLEM_JSON
from postroom_shared.identity.tokens import InvalidTokenError
from postroom_shared.manifest import ServiceManifest

_UNSAFE = frozenset({"post", "put", "patch", "delete"})
_DESCRIPTION = """\
Everything a person or a program does with Postroom.

**People** sign in with `POST /v1/session`, which sets a cookie; unsafe requests then need the header `X-CSRF-Token`.
**Programs** send a personal API token as `Authorization: Bearer postroom_…`.
A request acts in one organisation: the session's or the token's, or another one of yours that
`Postroom-Organisation` names.

Every answer outside 2xx is a problem document (RFC 9457) whose `type` is stable. Lists come in pages: give `next`
back as `cursor`. Unsafe requests take an `Idempotency-Key` where it is listed. Changes name the version they are based
on in `If-Match`.
"""
_ORGANISATION = {
    "name": "Postroom-Organisation",
    "in": "header",
    "required": False,
    "description": "Act in this one of your organisations for this request.",
    "schema": {"type": "string", "format": "uuid"},
}
_PROXIED: tuple[type[ProblemError], ...] = (BadAnswerError, ServiceDownError, ServiceBusyError, NoAnswerError)


def build_public_document(
    own: Document, services: Sequence[tuple[ServiceManifest, Document]], *, session_cookie: str, version: str
) -> Document:
    """Return the one document of the suite.

    Args:
        own: The gateway's.
        services: Each other service's, in the order of their ports.
        session_cookie: Name of the cookie.
        version: Of the suite.

    Raises:
        DuplicateOperationError: The documents do not fit together.
    """
    parts = [
        ServiceDocument(name=MANIFEST.name, document=own, is_public=lambda path: not path.startswith("/internal/"))
    ]
    parts += [
        ServiceDocument(name=manifest.name, document=document, is_public=_claimed_by(manifest))
        for manifest, document in services
    ]
    merged = merge(parts, frame=_frame(session_cookie=session_cookie, version=version))
    own_paths = set(own.get("paths", {}))
    examples: dict[str, Document] = {}
    answers: dict[str, Document] = {}
    for path, method, operation in operations(merged):
        _complete(method, operation, proxied=path not in own_paths)
        _share_examples(operation, examples)
        _share_answers(operation, answers)
    merged["components"]["examples"] = dict(sorted(examples.items()))
    merged["components"]["responses"] = dict(sorted(answers.items()))
    return merged


def _claimed_by(manifest: ServiceManifest) -> Callable[[str], bool]:
    def is_public(path: str) -> bool:
        return any(path == prefix or path.startswith((f"{prefix}/", f"{prefix}:")) for prefix in manifest.api_prefixes)

    return is_public


def _frame(*, session_cookie: str, version: str) -> Document:
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Postroom",
            "version": version,
            "summary": "The self-service layer over a mail server.",
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "components": {
            "securitySchemes": {
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": session_cookie,
                    "description": "Set by `POST /v1/session`. Over plain http on loopback it has no `__Host-`.",
                },
                "csrf": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "X-CSRF-Token",
                    "description": "The session's `csrf_token`, with every unsafe request that a cookie authorises.",
                },
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "postroom_…",
                    "description": "A personal API token (`POST /v1/api-tokens`).",
                },
            },
            "parameters": {"Organisation": _ORGANISATION},
        },
    }


def _complete(method: str, operation: Document, *, proxied: bool) -> None:
    refusals: list[type[ProblemError]] = [TooManyRequestsError, UrlTooLongError, HeadersTooLargeError]
    if operation.get("security"):
        session = {name: list[str]() for name in (("session", "csrf") if method in _UNSAFE else ("session",))}
        operation["security"] = [session, {"token": []}]
        operation.setdefault("parameters", []).append({"$ref": "#/components/parameters/Organisation"})
        refusals += [BadOrganisationError, InvalidTokenError, NotAMemberError]
        refusals += [CsrfTokenError, ForeignOriginError] if method in _UNSAFE else []
    if any(each["in"] == "path" for each in operation.get("parameters", ()) if "in" in each):
        refusals.append(BadPathError)
    if proxied:
        refusals += _PROXIED
    add_refusals(operation, refusals)


def _share_examples(operation: Document, shared: dict[str, Document]) -> None:
    """Name each problem's example once for the whole document, since many operations refuse alike."""
    for answer in operation["responses"].values():
        examples = answer.get("content", {}).get(PROBLEM_JSON, {}).get("examples", {})
        for slug, example in examples.items():
            name = slug.replace("/", ".")
            if shared.setdefault(name, example) == example:
                examples[slug] = {"$ref": f"#/components/examples/{name}"}


def _share_answers(operation: Document, shared: dict[str, Document]) -> None:
    """Describe a refusal once for the whole document; where an operation has more to say, it keeps its own."""
    for status, answer in operation["responses"].items():
        if list(answer.get("content", {})) != [PROBLEM_JSON]:
            continue
        name = f"Refused{status}"
        if shared.setdefault(name, answer) == answer:
            operation["responses"][status] = {"$ref": f"#/components/responses/{name}"}
