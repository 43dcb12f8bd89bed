"""Who and what the demo consists of. Pure."""

import base64
import hashlib
import hmac
from dataclasses import dataclass

ORGANISATION = "Example SA"
LANGUAGE = "fr"
TIME_ZONE = "Europe/Zurich"
DOMAIN = "example.com"
ORGANISATION_DETAILS = {
    "address_lines": ["Rue de la Gare 12", "1201 Genève", "Suisse"],
    "contact_email": f"info@{DOMAIN}",
    "registration_number": "CHE-123.456.789",
}
MAIL_SERVER = "Demo mail server"
MAIL_SERVICE = "Example SA mail"
COPY_SOURCE = f"jean@{DOMAIN}"
COPY_TARGET = f"archives@{DOMAIN}"


@dataclass(frozen=True, kw_only=True, slots=True)
class DemoPerson:
    """Somebody who signs in.

    Attributes:
        email: Of the sign-in. The mailbox of the same name has another password.
        role: In the organisation; `operator` stands for none, and for running the suite.
        attached: Address -> rights of the grant; None for what the mail service gives by default.
    """

    email: str
    name: str
    role: str
    language: str
    attached: dict[str, list[str] | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class DemoMailbox:
    """An address with a mailbox."""

    local_part: str
    display_name: str
    facts: dict[str, str]
    language: str
    messages: int
    kind: str = "mailbox"
    aliases: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        """The whole address."""
        return f"{self.local_part}@{DOMAIN}"


OPERATOR = DemoPerson(email="operator@example.net", name="Robin Weber", role="operator", language="en", attached={})
OWNER = DemoPerson(
    email=f"anna@{DOMAIN}",
    name="Anna Keller",
    role="owner",
    language="fr",
    attached={f"anna@{DOMAIN}": None, f"info@{DOMAIN}": None},
)
ADMINISTRATOR = DemoPerson(
    email=f"marie@{DOMAIN}",
    name="Marie Dubois",
    role="administrator",
    language="fr",
    attached={f"marie@{DOMAIN}": None, COPY_TARGET: None},
)
PEOPLE = (
    OWNER,
    DemoPerson(email=f"luc@{DOMAIN}", name="Luc Favre", role="legal_representative", language="fr", attached={}),
    ADMINISTRATOR,
    DemoPerson(
        email=f"paul@{DOMAIN}",
        name="Paul Müller",
        role="member",
        language="en",
        attached={f"paul@{DOMAIN}": None, f"info@{DOMAIN}": ["logs.read", "responder.manage"]},
    ),
    DemoPerson(
        email="zoe@example.org",
        name="Zoé Martin",
        role="guest",
        language="fr",
        attached={f"info@{DOMAIN}": ["logs.read"]},
    ),
)
MAILBOXES = (
    DemoMailbox(
        local_part="anna",
        display_name="Anna Keller",
        facts={"first_name": "Anna", "last_name": "Keller", "job": "Directrice", "phone": "+41 22 555 01 01"},
        language="fr",
        messages=70,
        aliases=("direction",),
    ),
    DemoMailbox(
        local_part="marie",
        display_name="Marie Dubois",
        facts={"first_name": "Marie", "last_name": "Dubois", "job": "Informatique", "phone": "+41 22 555 01 03"},
        language="fr",
        messages=50,
    ),
    DemoMailbox(
        local_part="paul",
        display_name="Paul Müller",
        facts={"first_name": "Paul", "last_name": "Müller", "job": "Sales", "phone": "+41 22 555 01 04"},
        language="en",
        messages=60,
        aliases=("sales",),
    ),
    DemoMailbox(
        local_part="info",
        display_name="Example SA",
        facts={"job": "Accueil", "phone": "+41 22 555 01 00"},
        language="fr",
        messages=40,
        kind="shared",
        aliases=("contact",),
    ),
    DemoMailbox(
        local_part="jean",
        display_name="Jean Rochat",
        facts={"first_name": "Jean", "last_name": "Rochat", "job": "Chef de projet (parti)"},
        language="fr",
        messages=140,
    ),
    DemoMailbox(local_part="archives", display_name="Archives", facts={"job": "Archives"}, language="fr", messages=0),
)


def mailbox_password(secret: str, address: str) -> str:
    """Return the password of a demo mailbox: it follows from the data folder's secret, and is nobody's sign-in."""
    digest = hmac.digest(secret.encode(), address.encode(), hashlib.sha256)
    return "mb-" + base64.b32encode(digest)[:16].decode().lower()
