"""What can go wrong between the gateway and a service."""

from http import HTTPStatus

from postroom_shared.errors import ProblemError, UnavailableError


class ServiceDownError(UnavailableError):
    """The service that answers this path cannot be reached."""

    slug = "gateway/service-down"
    title = "This part of the suite does not answer just now"


class ServiceBusyError(UnavailableError):
    """The service has as many requests in hand as it takes."""

    slug = "gateway/service-busy"
    title = "This part of the suite is busy"


class BadAnswerError(ProblemError):
    """The service broke off, or answered something that is not HTTP; the request may have been carried out."""

    slug = "gateway/bad-answer"
    title = "This part of the suite broke off its answer"
    status = HTTPStatus.BAD_GATEWAY


class NoAnswerError(ProblemError):
    """The service took the request and did not begin an answer in time; it may still carry it out."""

    slug = "gateway/no-answer"
    title = "This part of the suite took too long"
    status = HTTPStatus.GATEWAY_TIMEOUT


class SlowBodyError(ProblemError):
    """The client stopped sending the body it had announced."""

    slug = "gateway/slow-body"
    title = "The body did not arrive"
    status = HTTPStatus.REQUEST_TIMEOUT
