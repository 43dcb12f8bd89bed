"""What looking into logs refuses; a page for each in docs/problems/logs."""

from postroom_shared.errors import ForbiddenError, NotFoundError, PayloadError


class AddressNotFoundError(NotFoundError):
    """The acting organisation has no such address."""

    slug = "logs/address-not-found"
    title = "This address is not here"


class RightMissingError(ForbiddenError):
    """The person neither manages the organisation nor holds the log right on the address."""

    slug = "logs/right-missing"
    title = "You may not read this address's log"


class TooFarBackError(PayloadError):
    """The period begins before what the plan lets anybody see; `earliest` names the first moment."""

    slug = "logs/too-far-back"
    title = "The log does not reach back that far"


class EmptyPeriodError(PayloadError):
    """The period ends before it begins."""

    slug = "logs/empty-period"
    title = "The period ends before it begins"


class EntryNotFoundError(NotFoundError):
    """There is no such entry, or it may no longer be seen."""

    slug = "logs/entry-not-found"
    title = "There is no such entry here"
