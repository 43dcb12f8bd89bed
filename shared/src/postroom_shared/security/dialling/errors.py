"""What dialling refuses. The texts are the same for every cause, so that nobody can map a network with them."""

from http import HTTPStatus

from postroom_shared.errors import ProblemError


class HostRefusedError(ProblemError):
    """The host and port may not be connected to, or the name leads nowhere: the two are answered alike."""

    slug = "shared/host-refused"
    title = "This host cannot be used"
    status = HTTPStatus.UNPROCESSABLE_ENTITY


class HostUnreachableError(ProblemError):
    """The host may be connected to, but no connection came about, for whatever reason.

    422 and not 502: the value is at fault, not Postroom. Proxies and clients repeat a 502, and alarms count it.
    """

    slug = "shared/host-unreachable"
    title = "This host does not answer"
    status = HTTPStatus.UNPROCESSABLE_ENTITY


class HostCertificateError(ProblemError):
    """The host answered, and its certificate is not valid for its name; nothing was sent to it."""

    slug = "shared/host-certificate"
    title = "The certificate of this host is not valid"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
