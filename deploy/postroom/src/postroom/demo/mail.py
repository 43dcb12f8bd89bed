"""The demo's mail server, mail service and addresses, and to whom each address is attached."""

from typing import Any

from postroom.demo.cast import (
    DOMAIN,
    LANGUAGE,
    MAIL_SERVER,
    MAIL_SERVICE,
    MAILBOXES,
    PEOPLE,
    TIME_ZONE,
    DemoMailbox,
    mailbox_password,
)
from postroom.public_api import PublicApi


def ensure_mail_service(
    operator: PublicApi, organisation_id: str, *, endpoints: dict[str, Any], master_login: dict[str, str]
) -> str:
    """Return the id of the demo's mail service on this suite's own mail server.

    Args:
        operator: Signed in as the operator.
        organisation_id: Whose mail service it is.
        endpoints: `imap`, `lmtp`, `managesieve`, `smtp`.
        master_login: `user` and `secret` with which services act for mailboxes.
    """
    server = next((each for each in operator.items("/v1/mail-servers") if each["name"] == MAIL_SERVER), None)
    if server is None:
        server = operator.call("POST", "/v1/mail-servers", {"name": MAIL_SERVER, **endpoints})
    operator.call("PUT", f"/v1/mail-servers/{server['id']}/master-login", master_login)
    known = next(iter(operator.items("/v1/mail-services", organisation_id=organisation_id)), None)
    if known is not None:
        return str(known["id"])
    wanted = {
        "organisation_id": organisation_id,
        "mail_server_id": server["id"],
        "name": MAIL_SERVICE,
        "primary_domain": DOMAIN,
        "language": LANGUAGE,
        "time_zone": TIME_ZONE,
    }
    return str(operator.call("POST", "/v1/mail-services", wanted)["id"])


def ensure_addresses(owner: PublicApi, mail_service_id: str, secret: str) -> dict[str, str]:
    """Have the demo's addresses with passwords that follow from *secret* and their aliases; return ids by address."""
    present = {each["address"]: each["id"] for each in owner.items("/v1/addresses")}
    return {each.address: _ensure_address(owner, mail_service_id, secret, present, each) for each in MAILBOXES}


def _ensure_address(
    owner: PublicApi, mail_service_id: str, secret: str, present: dict[str, str], mailbox: DemoMailbox
) -> str:
    address_id = present.get(mailbox.address) or _create_address(owner, mail_service_id, mailbox)
    password = {"password": mailbox_password(secret, mailbox.address)}
    if (
        mailbox.address not in present
        or not owner.call("POST", f"/v1/addresses/{address_id}:test-password", password)["matches"]
    ):
        owner.call("POST", f"/v1/addresses/{address_id}:change-password", password)
    known = {each["alias"] for each in owner.items(f"/v1/addresses/{address_id}/aliases")} if mailbox.aliases else set()
    for name in mailbox.aliases:
        if f"{name}@{DOMAIN}" not in known:
            owner.call("POST", f"/v1/addresses/{address_id}/aliases", {"alias": f"{name}@{DOMAIN}"})
    return address_id


def _create_address(owner: PublicApi, mail_service_id: str, mailbox: DemoMailbox) -> str:
    wanted = {
        "mail_service_id": mail_service_id,
        "address": mailbox.address,
        "kind": mailbox.kind,
        "display_name": mailbox.display_name,
        "attributes": mailbox.facts,
    }
    return str(owner.call("POST", "/v1/addresses", wanted)["id"])


def ensure_grants(owner: PublicApi, *, people: dict[str, str], addresses: dict[str, str]) -> None:
    """Attach the addresses to the people.

    Args:
        owner: Signed in as the owner.
        people: Ids by e-mail.
        addresses: Ids by address.
    """
    present = {(each["person_id"], each["address_id"]) for each in owner.items("/v1/grants")}
    for person in PEOPLE:
        for address, rights in person.attached.items():
            pair = people[person.email], addresses[address]
            if pair not in present:
                wanted = {"person_id": pair[0], **({} if rights is None else {"rights": rights})}
                owner.call("POST", f"/v1/addresses/{pair[1]}/grants", wanted)
