"""Fields of HTTP bodies that several features use. PostgreSQL stores no NUL, and a name is one line."""

from functools import cache
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from postroom_shared.errors import PayloadError

_ONE_LINE = r"^[^\x00-\x1f\x7f\u2028\u2029]*$"

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=_ONE_LINE)]
"""One line of text that says something."""

ShortLine = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64, pattern=_ONE_LINE)]
"""One short line, such as a registration number."""


def _whole(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


WHOLE = BeforeValidator(_whole)
"""After the constraints of a strict `int`: takes `3.0` for 3, as JSON Schema does (2020-12, validation §6.1.1)."""

Language = Literal["fr", "en", "de", "it"]
"""A language the product speaks (docs/promises.md#languages)."""


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def known_zone(name: str) -> str:
    """Return *name*.

    Raises:
        ValueError: The IANA database has no such zone.
    """
    if name not in _zones():
        raise ValueError("this is no time zone of the IANA database")
    return name


class UnknownTimeZoneError(PayloadError):
    """The IANA database has no such time zone; a schema cannot list them, since they change several times a year."""

    slug = "directory/unknown-time-zone"
    title = "There is no such time zone"


def _zone_of_request(name: str) -> str:
    try:
        return known_zone(name)
    except ValueError as error:
        place = {"in": "body", "field": "time_zone", "message": str(error)}
        raise UnknownTimeZoneError(extra={"errors": [place]}) from error


TimeZone = Annotated[
    str,
    StringConstraints(min_length=1, max_length=64),
    AfterValidator(_zone_of_request),
    Field(examples=["Europe/Zurich"]),
]
"""A time zone by its IANA name."""


class Input(BaseModel):
    """What a client sends: an unknown field is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)
