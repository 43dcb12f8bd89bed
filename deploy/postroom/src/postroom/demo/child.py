"""`python -m postroom.demo.child`: makes the demo. Reads an `Order` as JSON from standard input, prints the `Demo`.

Each step takes what it finds, so that a making that was killed half-way is completed by the next start.
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from postroom.demo.accounts import ensure_first_people, ensure_organisation, ensure_people
from postroom.demo.cast import COPY_TARGET, MAILBOXES, OPERATOR, OWNER, PEOPLE, DemoMailbox, mailbox_password
from postroom.demo.first_copy import ensure_copied
from postroom.demo.letters import folders_of, letters_of
from postroom.demo.mail import ensure_addresses, ensure_grants, ensure_mail_service
from postroom.demo.mailboxes import fill
from postroom.demo.record import Demo, SignIn
from postroom.public_api import PublicApi

FILLED_AT_ONCE = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """What the launcher asks for.

    Attributes:
        url: Of the gateway.
        password: Of all sign-ins of the demo; those of the mailboxes follow from it.
        endpoints: Of the suite's own mail server.
        master_login: With which services act for mailboxes.
        mail: Whether that mail server runs.
        copies: Whether svc-import is installed.
    """

    url: str
    password: str
    endpoints: dict[str, Any]
    master_login: dict[str, str]
    mail: bool
    copies: bool


def make(order: Order) -> Demo:
    """Make what is missing of the demo."""
    ensure_first_people(order.url, order.password)
    with PublicApi(order.url) as operator, PublicApi(order.url) as owner:
        operator.sign_in(OPERATOR.email, order.password)
        organisation_id = ensure_organisation(operator)
        mail_service_id = ensure_mail_service(
            operator, organisation_id, endpoints=order.endpoints, master_login=order.master_login
        )
        operator.sign_out()
        owner.sign_in(OWNER.email, order.password)
        people = ensure_people(owner, order.password)
        addresses = ensure_addresses(owner, mail_service_id, order.password)
        ensure_grants(owner, people=people, addresses=addresses)
        owner.sign_out()
    if order.mail:
        _fill_all(order)
    if order.mail and order.copies:
        ensure_copied(order.url, password=order.password, target_id=addresses[COPY_TARGET])
    return Demo(
        organisation_id=organisation_id,
        sign_ins=[SignIn(role=each.role, email=each.email, password=order.password) for each in (OPERATOR, *PEOPLE)],
        mailboxes={each.address: mailbox_password(order.password, each.address) for each in MAILBOXES},
        filled=order.mail,
    )


def _fill_all(order: Order) -> None:
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)

    def fill_one(mailbox: DemoMailbox) -> None:
        fill(
            order.endpoints["imap"]["port"],
            address=mailbox.address,
            password=mailbox_password(order.password, mailbox.address),
            folders=folders_of(mailbox),
            letters=letters_of(mailbox, now=now),
        )

    with ThreadPoolExecutor(FILLED_AT_ONCE) as pool:
        list(pool.map(fill_one, MAILBOXES))


if __name__ == "__main__":
    sys.stdout.write(json.dumps(make(Order(**json.load(sys.stdin))).to_json()) + "\n")
