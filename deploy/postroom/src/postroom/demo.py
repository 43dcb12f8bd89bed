"""The demo organisation. Filled in against the API of svc-directory."""

from dataclasses import dataclass, field
from typing import Any

from postroom.service_process import SuiteAddresses


@dataclass(frozen=True, kw_only=True, slots=True)
class SignIn:
    """One person of the demo, as `postroom up` and `postroom credentials` show them."""

    role: str
    email: str
    password: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Demo:
    """What the demo consists of; kept in the data folder.

    Attributes:
        organisation_id: Of the demo organisation; None when there is none.
        sign_ins: People of each role.
        mailboxes: Address -> its password, for a mail client.
    """

    organisation_id: str | None = None
    sign_ins: list[SignIn] = field(default_factory=list)
    mailboxes: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Demo":
        """Return what `dataclasses.asdict` made."""
        return cls(**{**stored, "sign_ins": [SignIn(**each) for each in stored["sign_ins"]]})


async def make_demo(addresses: SuiteAddresses, *, mail: bool) -> Demo:
    """Create the demo organisation through the running suite; called at each start until it has succeeded once.

    Args:
        addresses: Ports, secrets and services of the suite.
        mail: Whether Dovecot runs, so that mailboxes can be filled.
    """
    del addresses, mail
    return Demo()
