"""What signing in and staying signed in refuses."""

from postroom_shared.errors import (
    ForbiddenError,
    NotFoundError,
    RateLimitedError,
    UnauthenticatedError,
    UnavailableError,
)


class WrongCredentialsError(UnauthenticatedError):
    """E-mail and password do not belong together, or the person may not sign in; which of the two is not told."""

    slug = "gateway/wrong-credentials"
    title = "E-mail or password is wrong"


class TooManySignInsError(RateLimitedError):
    """Too many tries; `Retry-After` says when the next one is looked at."""

    slug = "gateway/too-many-sign-ins"
    title = "Too many tries to sign in"


class SignInUnavailableError(UnavailableError):
    """svc-directory, which knows the passwords, does not answer, or has not yet told the gateway of this person."""

    slug = "gateway/sign-in-unavailable"
    title = "Signing in is not possible just now"


class SessionOverError(UnauthenticatedError):
    """The refresh token is unknown, or its session is over."""

    slug = "gateway/session-over"
    title = "Sign in again"


class NotASessionError(ForbiddenError):
    """The request came with an API token; only a session can be looked at, switched or refreshed."""

    slug = "gateway/not-a-session"
    title = "This needs a session, not an API token"


class NoSuchSessionError(NotFoundError):
    """There is no such session, or it is somebody else's."""

    slug = "gateway/no-such-session"
    title = "There is no such session"


class NotAMemberError(ForbiddenError):
    """The person belongs to no such organisation, or the API token was made for another one."""

    slug = "gateway/not-a-member"
    title = "You do not belong to this organisation"
