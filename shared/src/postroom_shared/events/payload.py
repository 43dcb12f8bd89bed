"""What every event's data has in common."""

import re
from typing import ClassVar

from pydantic import BaseModel, ConfigDict
from typing_extensions import override

EVENT_TYPE = re.compile(r"postroom\.([a-z][a-z0-9-]*)\.([a-z][a-z0-9_]*)\.([a-z][a-z0-9_]*)\.v([1-9][0-9]*)")
"""`postroom.<publisher>.<thing>.<past participle>.v<N>`: five words, and a sixth in subjects, the organisation."""


class EventPayload(BaseModel):
    """The data of one type of event: a fact with ids, no address, no content.

    Strict for the publisher: a member too many or of the wrong type is an error where the event is made. Tolerant for
    readers: `postroom_shared.events.catalogue.read` ignores members it does not know, so that N and N-1 work together.
    A new optional member keeps the version; anything else is a new type.

    Attributes:
        event_type: The CloudEvents type, `postroom.import.job.completed.v1`.
        about: What `subject_id` names, in words: "import job".
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    event_type: ClassVar[str]
    about: ClassVar[str]

    @classmethod
    @override
    def __pydantic_init_subclass__(cls, **kwargs: object) -> None:
        """Refuse a type that does not follow the naming rule.

        Raises:
            TypeError: `event_type` or `about` is missing or malformed.
        """
        super().__pydantic_init_subclass__(**kwargs)
        if not EVENT_TYPE.fullmatch(getattr(cls, "event_type", "")):
            raise TypeError(f"{cls.__name__}.event_type must be postroom.<publisher>.<thing>.<past participle>.v<N>")
        if not getattr(cls, "about", ""):
            raise TypeError(f"{cls.__name__}.about must say what subject_id names")

    @classmethod
    def publisher(cls) -> str:
        """Return the name of the service that publishes it, `import`."""
        return cls.event_type.split(".")[1]
