"""One test for each promise of the mailbox copy that `test_mailbox_copy.py` leaves, through the public API."""

import asyncio
import contextlib
import socket
import threading
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from postroom.public_api import ApiProblemError, PublicApi
from postroom_import.testkit.looking import SeenFolder
from postroom_import.testkit.made_mailboxes import MadeMailbox, MadeMessage

PROBLEM = "urn:postroom:problem:"


def _mailbox(**folders: list[bytes]) -> MadeMailbox:
    return MadeMailbox(
        {name: [MadeMessage(each) for each in contents] for name, contents in folders.items()}, frozenset()
    )


def _letters(count: int, *, size: int = 300) -> list[bytes]:
    return [f"Subject: {uuid.uuid4()}\r\n\r\n{'x' * size}\r\n".encode() for _ in range(count)]


def _digests(folder: SeenFolder) -> set[str]:
    return {message.digest for message in folder.messages}


@pytest.fixture
def operator(suite: Any) -> Iterator[PublicApi]:
    with suite.api("operator") as api:
        yield api


@pytest.fixture
def stranger(suite: Any, operator: PublicApi) -> Iterator[PublicApi]:
    """The owner of another organisation."""
    organisation = operator.call(
        "POST", "/v1/organisations", {"name": "Autre SA", "language": "fr", "time_zone": "Europe/Zurich"}
    )
    email, password = f"{uuid.uuid4().hex}@example.net", "a stranger of the tests"
    invitation = {
        "email": email,
        "display_name": "Somebody else",
        "language": "fr",
        "role": "owner",
        "organisation_id": organisation["id"],
    }
    invited = operator.call("POST", "/v1/people", invitation)
    with PublicApi(suite.launcher.url) as api:
        link = {"token": invited["password_link"]["token"], "new_password": password}
        api.call("POST", "/v1/people:set-password", link)

        def signed_in() -> dict[str, Any] | None:
            try:
                return api.sign_in(email, password)
            except ApiProblemError as refusal:
                if refusal.status not in {401, 503}:  # these: the gateway has not heard of the person yet
                    raise
                return None

        suite.eventually(signed_in)
        yield api


def _refusal(api: PublicApi, method: str, path: str, body: Any = None) -> ApiProblemError:
    with pytest.raises(ApiProblemError) as refusal:
        api.call(method, path, body)
    return refusal.value


async def test_two_sources_are_copied_in_one_run_and_what_both_hold_only_once(suite: Any, owner: PublicApi) -> None:
    """Source: docs/promises.md#import-second-source, #import-dedupe."""
    first, second, target = (suite.new_address(owner) for _ in range(3))
    shared, only_first, only_second = _letters(3), _letters(2), _letters(4)
    await suite.fill(first["address"], _mailbox(INBOX=shared + only_first))
    await suite.fill(second["address"], _mailbox(INBOX=shared + only_second, Projets=shared))

    states = await asyncio.to_thread(suite.copy, owner, suite.local(first), target, second_source=suite.local(second))

    progress = states[-1]["progress"]
    assert (progress["copied"], progress["already_there"]) == (3 + 2 + 4 + 3, 3)
    for address in (first, second, target):
        await suite.delete_confirmation(address["address"])
    seen = await suite.look(target["address"])
    sources = [await suite.look(address["address"]) for address in (first, second)]
    assert len(seen["INBOX"].messages) == 9
    assert _digests(seen["INBOX"]) == _digests(sources[0]["INBOX"]) | _digests(sources[1]["INBOX"])
    assert len(seen["Projets"].messages) == 3


async def test_a_source_is_any_address_of_the_mail_server_by_its_password(suite: Any, owner: PublicApi) -> None:
    """Source: docs/promises.md#import-local-source."""
    source, target = suite.new_address(owner), suite.new_address(owner)
    await suite.fill(source["address"], _mailbox(INBOX=_letters(2)))
    member = suite.api("member")
    with member:
        me = member.call("GET", "/v1/me")["person"]["id"]
        owner.call("POST", f"/v1/addresses/{target['id']}/grants", {"person_id": me})

        states = await asyncio.to_thread(suite.copy, member, suite.local(source), target)

        attached = {each["address_id"] for each in member.call("GET", "/v1/me")["addresses"]}
    assert source["id"] not in attached
    assert states[-1]["progress"]["copied"] == 2


async def test_special_folders_meet_by_purpose_whatever_they_are_called(suite: Any, owner: PublicApi) -> None:
    """Source: docs/promises.md#import-whole-tree."""
    source, target = suite.new_address(owner), suite.new_address(owner)
    await suite.fill(source["address"], _mailbox(Sent=_letters(2), Trash=_letters(1), Projets=_letters(1)))

    states = await asyncio.to_thread(suite.copy, owner, suite.local(source), target)

    seen, there = await suite.look(target["address"]), await suite.look(source["address"])
    assert states[-1]["progress"]["copied"] == 4
    for name in ("Sent", "Trash", "Projets"):
        assert _digests(seen[name]) == _digests(there[name]), name
    for name in ("Sent", "Trash"):
        assert seen[name].attributes == there[name].attributes == {f"\\{name.lower()}"}


def test_only_addresses_attached_to_the_person_are_targets(suite: Any, owner: PublicApi) -> None:
    """Source: docs/promises.md#import-target-list, #roles."""
    foreign = suite.new_address(owner)
    with suite.api("guest") as guest:
        shown = {each["address"] for each in guest.call("GET", "/v1/me")["addresses"]}
        body = {"source": suite.local(foreign), "target_address_id": foreign["id"]}
        refusal = _refusal(guest, "POST", "/v1/imports", body)

    assert shown == {"info@example.com"}
    assert refusal.type == PROBLEM + "import/target-not-attached"


def test_another_organisation_sees_and_touches_nothing_of_a_copy(suite: Any, stranger: PublicApi) -> None:
    """Source: docs/promises.md#roles."""
    with suite.api("administrator") as administrator:
        copy = next(iter(administrator.items("/v1/imports", state="completed")))
    target = copy["target"]["address_id"]
    body = {
        "source": {"kind": "local", "address": "jean@example.com", "password": "x"},
        "target_address_id": target,
    }

    assert list(stranger.items("/v1/imports")) == []
    for method, path in (
        ("GET", f"/v1/imports/{copy['id']}"),
        ("GET", f"/v1/imports/{copy['id']}/events"),
        ("GET", f"/v1/imports/{copy['id']}/failures"),
        ("POST", f"/v1/imports/{copy['id']}:cancel"),
        ("GET", f"/v1/addresses/{target}"),
    ):
        assert _refusal(stranger, method, path).status == 404, path
    assert _refusal(stranger, "POST", "/v1/imports", body).type == PROBLEM + "import/target-not-attached"


async def test_the_copy_goes_on_when_the_window_is_closed(suite: Any, owner: PublicApi) -> None:
    """Source: docs/promises.md#import-background."""
    source, target = suite.new_address(owner), suite.new_address(owner)
    await suite.fill(source["address"], _mailbox(INBOX=_letters(30)))
    window = suite.api("owner")
    with window:
        copy = await asyncio.to_thread(suite.ask, window, suite.local(source), target)
        events = window.events(f"/v1/imports/{copy['id']}/events")
        next(events)
        events.close()
        window.sign_out()

    async with asyncio.timeout(60):
        while (state := owner.call("GET", f"/v1/imports/{copy['id']}"))["state"] != "completed":
            await asyncio.sleep(0.1)

    assert state["progress"]["copied"] == 30


@contextlib.contextmanager
def _something_on_a_port(greeting: bytes) -> Iterator[int]:
    """A server on loopback that is none of IMAP."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]

        def greet() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    with connection:
                        connection.sendall(greeting)

        threading.Thread(target=greet, daemon=True).start()
        yield port
        listening.shutdown(socket.SHUT_RDWR)


def _known_place(operator: PublicApi, port: int) -> None:
    """Make a place on loopback known: only mail servers of the directory may be there."""
    place = {"host": "127.0.0.1", "port": port, "tls": "none"}
    operator.call("POST", "/v1/mail-servers", {"name": f"port {port}", "imap": place})


def _refused_as(suite: Any, api: PublicApi, port: int) -> str:
    """Ask for a copy from that port, once the place is known to svc-import; return the type of the refusal."""
    target = api.call("GET", "/v1/me")["addresses"][0]
    place = {"host": "127.0.0.1", "port": port, "tls": "starttls"}
    source = {"kind": "external", **place, "login": "x", "password": "x"}

    def refused() -> str | None:
        refusal = _refusal(api, "POST", "/v1/imports", {"source": source, "target_address_id": target["address_id"]})
        return None if refusal.type == PROBLEM + "shared/host-refused" else refusal.type

    # Attempts at outside hosts are counted: not too many a minute.
    found: str = suite.eventually(refused, pause_s=1)
    return found


def test_a_host_that_speaks_no_imap_is_said_to_be_none(suite: Any, owner: PublicApi, operator: PublicApi) -> None:
    """Source: docs/promises.md#import-external."""
    copies = {each["id"] for each in owner.items("/v1/imports")}
    with _something_on_a_port(b"220 mail.example.net ESMTP\r\n") as port:
        _known_place(operator, port)
        refused_as = _refused_as(suite, owner, port)

    assert refused_as == PROBLEM + "import/not-imap"
    assert {each["id"] for each in owner.items("/v1/imports")} == copies


def test_a_host_that_does_not_answer_is_said_to_be_out_of_reach(
    suite: Any, owner: PublicApi, operator: PublicApi
) -> None:
    """Source: docs/promises.md#import-external."""
    copies = {each["id"] for each in owner.items("/v1/imports")}
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    _known_place(operator, port)

    assert _refused_as(suite, owner, port) == PROBLEM + "shared/host-unreachable"
    assert {each["id"] for each in owner.items("/v1/imports")} == copies
