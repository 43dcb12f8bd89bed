"""What is kept of the demo in the data folder."""

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class SignIn:
    """One person of the demo, as `postroom up` and `postroom credentials` show them."""

    role: str
    email: str
    password: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Demo:
    """What the demo consists of.

    Attributes:
        organisation_id: Of the demo organisation; None when there is none.
        sign_ins: People of each role.
        mailboxes: Address -> its password, for a mail client.
        filled: Whether there was a mail server, so that the mailboxes hold mail.
    """

    organisation_id: str | None = None
    sign_ins: list[SignIn] = field(default_factory=list)
    mailboxes: dict[str, str] = field(default_factory=dict)
    filled: bool = False

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Demo":
        """Return what `to_json` made."""
        return cls(**{**stored, "sign_ins": [SignIn(**each) for each in stored["sign_ins"]]})

    def to_json(self) -> dict[str, Any]:
        """Return it for a JSON file."""
        return asdict(self)
