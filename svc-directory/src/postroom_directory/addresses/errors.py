"""What the directory refuses about addresses."""

from postroom_shared.errors import ConflictError, ForbiddenError, NotFoundError, PayloadError


class AddressNotFoundError(NotFoundError):
    """There is no such address, or it is not attached to the caller."""

    slug = "directory/address-not-found"
    title = "There is no such address"


class RightMissingError(ForbiddenError):
    """The address is attached to the caller, without the right this needs; `extra["right"]` names it."""

    slug = "directory/right-missing"
    title = "You do not hold this right on the address"


class NameTakenError(ConflictError):
    """An address or an alias has this name already."""

    slug = "directory/name-taken"
    title = "This name is taken"


class CatchAllTakenError(ConflictError):
    """Another address of the domain is its catch-all."""

    slug = "directory/catch-all-taken"
    title = "The domain has a catch-all already"


class ForeignDomainError(PayloadError):
    """The part after the @ is no domain of the mail service that can have addresses."""

    slug = "directory/foreign-domain"
    title = "The mail service has no such domain for addresses"


class NoMailboxError(ConflictError):
    """The address only forwards: nobody signs in to it."""

    slug = "directory/no-mailbox"
    title = "This address has no mailbox"
