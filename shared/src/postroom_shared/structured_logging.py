"""Log lines: a constant event name, everything else a field. Never a body, a password, a token or a clear address."""

import hashlib
import logging
import sys
from typing import Literal, TextIO, cast

import structlog
from structlog.typing import EventDict, WrappedLogger

_SECRET_FIELDS = frozenset({"password", "token", "secret", "authorization", "cookie", "seed", "key"})

# Local variables hold passwords and mail: tracebacks name places, never values.
_TRACEBACKS = structlog.processors.ExceptionRenderer(
    structlog.tracebacks.ExceptionDictTransformer(show_locals=False, max_frames=20)
)


def _mask_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    for name in _SECRET_FIELDS & event.keys():
        event[name] = "[masked]"
    return event


class _StandardError:
    """Standard error as it is when a line is written: loggers live long, and who replaces it may close the former."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def hashed(address: str) -> str:
    """Return a short digest that lets lines about one address be joined without naming it."""
    return hashlib.sha256(address.lower().encode()).hexdigest()[:12]


def configure_logging(*, level: str, log_format: Literal["json", "console"], service: str) -> None:
    """Set up structlog and the standard library's logging for this process, on standard error."""
    threshold = logging.getLevelNamesMapping()[level.upper()]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _mask_secrets,
            _TRACEBACKS if log_format == "json" else structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", _StandardError())),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    logging.basicConfig(level=max(threshold, logging.WARNING), stream=sys.stderr, force=True)
