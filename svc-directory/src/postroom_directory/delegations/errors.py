"""What the directory refuses about delegations."""

from postroom_shared.errors import ConflictError, NotFoundError, PayloadError


class DelegationNotFoundError(NotFoundError):
    """The address has no such delegation."""

    slug = "directory/delegation-not-found"
    title = "The address has no such delegation"


class DelegationExistsError(ConflictError):
    """The other address may do that already."""

    slug = "directory/delegation-exists"
    title = "The other address may do that already"


class DelegateUnknownError(PayloadError):
    """The other address is none of the organisation's, or the address itself."""

    slug = "directory/delegate-unknown"
    title = "The organisation has no such other address"
