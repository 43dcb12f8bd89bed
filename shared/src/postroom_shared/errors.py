"""What the suite refuses, without any framework: one family, one stable slug for each refusal.

`postroom_shared.http.problem` turns it into RFC 9457 answers; nothing here knows HTTP beyond the status code.

    ProblemError
    ├── MalformedError            400
    ├── UnauthenticatedError      401
    ├── ForbiddenError            403
    ├── NotFoundError             404   none, or not yours
    ├── ConflictError             409
    ├── PreconditionFailedError   412
    ├── PayloadError              422
    ├── PreconditionRequiredError 428
    ├── RateLimitedError          429
    └── UnavailableError          503
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar

TYPE_PREFIX = "urn:postroom:problem:"
"""What the `type` of every problem begins with; the slug follows (RFC 9457 §3.1.1)."""


class ProblemError(Exception):
    """A refusal with a stable name; subclasses set `slug`, `title` and `status`.

    Args:
        detail: One sentence for the person who reads the answer; no secret, no internals.
        extra: Further members of the problem document (RFC 9457 §3.2), JSON values only.
        retry_after_s: Seconds until the same request may succeed; sent as `Retry-After`.
    """

    slug: ClassVar[str] = "shared/problem"
    title: ClassVar[str] = "The request was refused"
    status: ClassVar[HTTPStatus] = HTTPStatus.INTERNAL_SERVER_ERROR

    def __init__(
        self, detail: str | None = None, *, extra: Mapping[str, Any] | None = None, retry_after_s: int | None = None
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail
        self.extra = dict(extra or {})
        self.retry_after_s = retry_after_s

    @classmethod
    def type_uri(cls) -> str:
        """Return the stable `type` member clients branch on."""
        return TYPE_PREFIX + cls.slug


class MalformedError(ProblemError):
    """The request cannot be read."""

    slug = "shared/malformed"
    title = "The request cannot be read"
    status = HTTPStatus.BAD_REQUEST


class UnauthenticatedError(ProblemError):
    """Nobody is signed in, or the token is not valid."""

    slug = "shared/unauthenticated"
    title = "Sign in first"
    status = HTTPStatus.UNAUTHORIZED


class ForbiddenError(ProblemError):
    """The caller is known and may not do this."""

    slug = "shared/forbidden"
    title = "You may not do this"
    status = HTTPStatus.FORBIDDEN


class NotFoundError(ProblemError):
    """There is no such thing, or it belongs to somebody else: the two are answered alike."""

    slug = "shared/not-found"
    title = "There is no such thing here"
    status = HTTPStatus.NOT_FOUND


class ConflictError(ProblemError):
    """The request does not fit the present state."""

    slug = "shared/conflict"
    title = "This does not fit the present state"
    status = HTTPStatus.CONFLICT


class PreconditionFailedError(ProblemError):
    """`If-Match` names a version that is no longer the present one."""

    slug = "shared/precondition-failed"
    title = "It was changed in the meantime"
    status = HTTPStatus.PRECONDITION_FAILED


class PayloadError(ProblemError):
    """A field has a value that is not accepted; `extra["errors"]` lists each."""

    slug = "shared/payload"
    title = "A value is not accepted"
    status = HTTPStatus.UNPROCESSABLE_ENTITY


class PreconditionRequiredError(ProblemError):
    """A change must name the version it is based on, in `If-Match` (RFC 6585 §3)."""

    slug = "shared/precondition-required"
    title = "Name the version you change"
    status = HTTPStatus.PRECONDITION_REQUIRED


class RateLimitedError(ProblemError):
    """Too many requests; `Retry-After` says when to come back."""

    slug = "shared/rate-limited"
    title = "Too many requests"
    status = HTTPStatus.TOO_MANY_REQUESTS


class UnavailableError(ProblemError):
    """Something this answer needs does not reply just now."""

    slug = "shared/unavailable"
    title = "Not available at the moment"
    status = HTTPStatus.SERVICE_UNAVAILABLE
