"""What making and revoking API tokens refuses."""

from postroom_shared.errors import ConflictError, NotFoundError, PayloadError
from postroom_shared.http.identity import MissingScopeError, NoOrganisationError

__all__ = ["MissingScopeError", "NoOrganisationError", "NoSuchTokenError", "PastExpiryError", "TooManyTokensError"]


class NoSuchTokenError(NotFoundError):
    """There is no such token, it is somebody else's, of another organisation, or revoked."""

    slug = "gateway/no-such-token"
    title = "There is no such API token"


class TooManyTokensError(ConflictError):
    """The person has as many tokens in this organisation as one may have."""

    slug = "gateway/too-many-tokens"
    title = "Revoke a token before you make another"


class PastExpiryError(PayloadError):
    """The token would have expired before it was made."""

    slug = "gateway/past-expiry"
    title = "The token would already have expired"
