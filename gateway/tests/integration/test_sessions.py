"""Staying signed in, in the browser's own disorder, and ending sessions; on the tables of a real PostgreSQL."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, select

from postroom_gateway.person_rows import bind_person, transaction_of_gateway
from postroom_gateway.sessions import service
from postroom_gateway.sessions.domain import SessionPolicy
from postroom_gateway.sessions.service import IssuedSession, NewSession, begin_session
from postroom_gateway.sessions.tables import SessionRow, TokenPairRow
from postroom_shared.database import Sessions
from postroom_shared.events.tables import OutboxRow
from postroom_shared.principal import PersonPrincipal

SignIn = Callable[..., Awaitable[Any]]
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
POLICY = SessionPolicy(
    access=timedelta(minutes=10),
    idle=timedelta(days=3),
    lifetime=timedelta(days=30),
    refresh_grace=timedelta(seconds=30),
)


class Browser:
    """Acts on a session as one browser does, at moments of our choice."""

    def __init__(self, sessions: Sessions, issued: IssuedSession, started: datetime) -> None:
        self._sessions = sessions
        self.issued = issued
        self.started = started

    def at(self, **after: float) -> datetime:
        return self.started + timedelta(**after)

    async def uses(self, access: str, now: datetime) -> bool:
        async with transaction_of_gateway(self._sessions) as session:
            return await service.identify_session(session, access, policy=POLICY, now=now) is not None

    async def refreshes(self, refresh: str, now: datetime) -> IssuedSession | None:
        async with transaction_of_gateway(self._sessions) as session:
            return await service.refresh_session(session, refresh, policy=POLICY, now=now)

    async def is_over(self) -> bool:
        async with transaction_of_gateway(self._sessions) as session:
            row = await session.get_one(SessionRow, self.issued.session.id)
            return row.ended_at is not None


@pytest.fixture
async def browser(gateway_sessions: Sessions, sign_in: SignIn) -> Browser:
    person = await sign_in()
    new = NewSession(person_id=person.person_id, credential_version=1, client="Firefox", organisation_id=None)
    async with transaction_of_gateway(gateway_sessions) as session:
        issued = await begin_session(session, new, policy=POLICY, max_sessions=50, now=NOW)
    return Browser(gateway_sessions, issued, NOW)


async def test_a_refresh_gives_another_pair_and_the_old_one_soon_opens_nothing(browser: Browser) -> None:
    old = browser.issued
    assert await browser.uses(old.access, browser.at(seconds=1))

    new = await browser.refreshes(old.refresh, browser.at(minutes=5))
    assert new is not None
    assert await browser.uses(new.access, browser.at(minutes=5, seconds=1))

    assert await browser.uses(old.access, browser.at(minutes=5, seconds=20))
    assert not await browser.uses(old.access, browser.at(minutes=5, seconds=40))
    assert not await browser.is_over()


async def test_an_access_token_ends_by_itself(browser: Browser) -> None:
    assert await browser.uses(browser.issued.access, browser.at(minutes=9))
    assert not await browser.uses(browser.issued.access, browser.at(minutes=10))


async def test_two_tabs_that_refresh_at_once_both_stay_signed_in(browser: Browser) -> None:
    old = browser.issued

    first = await browser.refreshes(old.refresh, browser.at(minutes=10))
    assert first is not None
    assert await browser.uses(first.access, browser.at(minutes=10, seconds=1))
    second = await browser.refreshes(old.refresh, browser.at(minutes=10, seconds=2))
    assert second is not None

    # The browser keeps whichever cookie came last; either goes on.
    assert await browser.uses(second.access, browser.at(minutes=10, seconds=3))
    assert await browser.refreshes(second.refresh, browser.at(minutes=20)) is not None
    assert not await browser.is_over()


async def test_the_cookie_of_the_tab_that_was_overtaken_still_refreshes_within_the_grace(browser: Browser) -> None:
    old = browser.issued
    overtaken = await browser.refreshes(old.refresh, browser.at(minutes=10))
    winner = await browser.refreshes(old.refresh, browser.at(minutes=10, seconds=1))
    assert overtaken is not None
    assert winner is not None
    assert await browser.uses(winner.access, browser.at(minutes=10, seconds=2))

    assert await browser.refreshes(overtaken.refresh, browser.at(minutes=10, seconds=5)) is not None
    assert not await browser.is_over()


async def test_an_answer_lost_on_the_way_does_not_sign_anybody_out(browser: Browser) -> None:
    lost = await browser.refreshes(browser.issued.refresh, browser.at(minutes=10))
    assert lost is not None

    again = await browser.refreshes(browser.issued.refresh, browser.at(hours=5))

    assert again is not None
    assert await browser.uses(again.access, browser.at(hours=5, seconds=1))


async def test_a_thief_who_refreshes_first_is_found_out_by_the_person(browser: Browser) -> None:
    stolen = browser.issued.refresh
    thief = await browser.refreshes(stolen, browser.at(minutes=3))
    assert thief is not None
    assert await browser.uses(thief.access, browser.at(minutes=3, seconds=1))

    assert await browser.refreshes(stolen, browser.at(minutes=10)) is None

    assert await browser.is_over()
    assert not await browser.uses(thief.access, browser.at(minutes=10, seconds=1))
    assert await browser.refreshes(thief.refresh, browser.at(minutes=10, seconds=2)) is None


async def test_a_thief_who_comes_late_ends_the_session(browser: Browser) -> None:
    stolen = browser.issued.refresh
    person = await browser.refreshes(stolen, browser.at(minutes=10))
    assert person is not None
    assert await browser.uses(person.access, browser.at(minutes=10, seconds=1))

    assert await browser.refreshes(stolen, browser.at(minutes=12)) is None

    assert await browser.is_over()


async def test_a_session_ends_after_idling_and_at_its_end_in_any_case(browser: Browser) -> None:
    assert await browser.refreshes(browser.issued.refresh, browser.at(days=3, seconds=1)) is None
    last = browser.issued
    for day in range(2, 30, 2):
        refreshed = await browser.refreshes(last.refresh, browser.at(days=day))
        assert refreshed is not None
        last = refreshed
    assert await browser.refreshes(last.refresh, browser.at(days=30)) is None


async def test_secrets_are_stored_as_hashes_only(browser: Browser, gateway_sessions: Sessions) -> None:
    async with transaction_of_gateway(gateway_sessions) as session:
        rows = (await session.scalars(select(TokenPairRow))).all()

    stored = b"".join(row.access_hash + row.refresh_hash for row in rows)
    assert browser.issued.access.encode() not in stored
    assert all(len(row.access_hash) == 32 for row in rows)


async def test_a_person_sees_only_their_own_rows_even_without_a_filter(
    gateway_sessions: Sessions, sign_in: SignIn
) -> None:
    anna, _ = await sign_in(), await sign_in()
    caller = PersonPrincipal(person_id=anna.person_id, organisation_id=None, role=None, scopes=frozenset())

    async with gateway_sessions() as session, session.begin():
        unbound = await session.scalar(select(func.count()).select_from(SessionRow))
        await bind_person(session, caller)
        own = (await session.scalars(select(SessionRow.person_id))).all()
        pairs = (await session.scalars(select(TokenPairRow.session_id))).all()

    assert unbound == 0
    assert set(own) == {anna.person_id}
    assert set(pairs) == {anna.issued.session.id}


async def test_the_session_of_this_browser_can_be_looked_at(client: httpx.AsyncClient, sign_in: SignIn) -> None:
    anna = await sign_in()

    answer = await client.get("/v1/session", cookies=anna.cookies)

    session = answer.json()
    assert session["id"] == str(anna.issued.session.id)
    assert session["csrf_token"] == anna.issued.session.csrf_token
    assert session["organisation_id"] == str(anna.organisation_id)
    assert [each["name"] for each in session["organisations"]] == ["Example SA", "Other SA"]
    assert anna.issued.access not in answer.text


async def test_switching_the_organisation_holds_for_the_next_requests(
    client: httpx.AsyncClient, sign_in: SignIn
) -> None:
    anna = await sign_in()
    await client.get("/v1/session", cookies=anna.cookies)

    switched = await client.post(
        "/v1/session:switch-organisation",
        cookies=anna.cookies,
        headers=anna.csrf,
        json={"organisation_id": str(anna.other_organisation_id)},
    )
    foreign = await client.post(
        "/v1/session:switch-organisation",
        cookies=anna.cookies,
        headers=anna.csrf,
        json={"organisation_id": str(UUID(int=7))},
    )

    assert switched.json()["organisation_id"] == str(anna.other_organisation_id)
    assert foreign.status_code == 403
    after = await client.get("/v1/session", cookies=anna.cookies)
    assert after.json()["organisation_id"] == str(anna.other_organisation_id)


async def test_refreshing_over_http_sets_both_cookies(client: httpx.AsyncClient, sign_in: SignIn) -> None:
    anna = await sign_in()

    answer = await client.post("/v1/session:refresh", cookies={"postroom_refresh": anna.issued.refresh})

    assert answer.status_code == 200
    assert answer.json()["csrf_token"] == anna.issued.session.csrf_token
    cookies = answer.headers.get_list("set-cookie")
    assert [cookie.partition("=")[0] for cookie in cookies] == ["postroom_session", "postroom_refresh"]
    for cookie in cookies:
        assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
        assert "Secure" not in cookie
    fresh = cookies[0].partition("=")[2].partition(";")[0]
    assert (await client.get("/v1/session", cookies={"postroom_session": fresh})).status_code == 200


@pytest.mark.parametrize("cookie", [{}, {"postroom_refresh": "unknown"}])
async def test_a_refresh_without_a_session_is_a_401(client: httpx.AsyncClient, cookie: dict[str, str]) -> None:
    answer = await client.post("/v1/session:refresh", cookies=cookie)

    assert answer.status_code == 401
    assert answer.json()["type"] == "urn:postroom:problem:gateway/session-over"


async def test_a_page_elsewhere_can_neither_refresh_nor_sign_in(client: httpx.AsyncClient, sign_in: SignIn) -> None:
    anna = await sign_in()
    headers = {"Origin": "https://evil.example"}

    refreshed = await client.post(
        "/v1/session:refresh", cookies={"postroom_refresh": anna.issued.refresh}, headers=headers
    )
    signed_in = await client.post("/v1/session", json={"email": "a@example.com", "password": "x"}, headers=headers)

    assert refreshed.status_code == signed_in.status_code == 403


async def test_signing_out_ends_the_session_and_takes_the_cookies(
    client: httpx.AsyncClient, sign_in: SignIn, gateway_sessions: Sessions
) -> None:
    anna = await sign_in()
    await client.get("/v1/session", cookies=anna.cookies)

    answer = await client.delete("/v1/session", cookies=anna.cookies, headers=anna.csrf)

    assert answer.status_code == 204
    assert all("Max-Age=0" in cookie for cookie in answer.headers.get_list("set-cookie"))
    assert (await client.get("/v1/session", cookies=anna.cookies)).status_code == 401
    refreshed = await client.post("/v1/session:refresh", cookies={"postroom_refresh": anna.issued.refresh})
    assert refreshed.status_code == 401
    async with transaction_of_gateway(gateway_sessions) as session:
        events = await session.scalars(select(OutboxRow).where(OutboxRow.type == "postroom.gateway.session.ended.v1"))
        mine = [row.data for row in events if row.data["session_id"] == str(anna.issued.session.id)]
    assert [event["reason"] for event in mine] == ["signed_out"]


async def test_a_person_lists_their_sessions_and_ends_one_of_them(
    client: httpx.AsyncClient, sign_in: SignIn, gateway_sessions: Sessions
) -> None:
    anna, other = await sign_in(), await sign_in()
    new = NewSession(person_id=anna.person_id, credential_version=1, client="Phone", organisation_id=None)
    async with transaction_of_gateway(gateway_sessions) as session:
        phone = await begin_session(session, new, policy=POLICY, max_sessions=50, now=datetime.now(UTC))
    path = f"/v1/sessions/{phone.session.id}"

    listed = (await client.get("/v1/sessions", cookies=anna.cookies)).json()["items"]
    foreign = await client.delete(path, cookies=other.cookies, headers=other.csrf)
    ended = await client.delete(path, cookies=anna.cookies, headers=anna.csrf)
    again = await client.delete(path, cookies=anna.cookies, headers=anna.csrf)

    assert {(each["client"], each["current"]) for each in listed} == {("Test client", True), ("Phone", False)}
    assert (foreign.status_code, ended.status_code, again.status_code) == (404, 204, 404)
    assert (await client.get("/v1/session", cookies={"postroom_session": phone.access})).status_code == 401


async def test_the_session_used_longest_ago_makes_room(gateway_sessions: Sessions, sign_in: SignIn) -> None:
    anna = await sign_in()
    new = NewSession(person_id=anna.person_id, credential_version=1, client="x", organisation_id=None)
    moments = [datetime.now(UTC) + timedelta(seconds=number) for number in range(3)]
    for moment in moments:
        async with transaction_of_gateway(gateway_sessions) as session:
            await begin_session(session, new, policy=POLICY, max_sessions=2, now=moment)

    async with transaction_of_gateway(gateway_sessions) as session:
        rows = await session.scalars(
            select(SessionRow.created_at).where(SessionRow.person_id == anna.person_id, SessionRow.ended_at.is_(None))
        )
        assert sorted(rows) == moments[1:]


async def test_the_sweep_ends_what_is_over_and_forgets_what_ended_long_ago(
    gateway_sessions: Sessions, browser: Browser
) -> None:
    async with transaction_of_gateway(gateway_sessions) as session:
        await service.sweep_sessions(session, policy=POLICY, now=browser.at(days=3))
    assert await browser.is_over()

    async with transaction_of_gateway(gateway_sessions) as session:
        await service.sweep_sessions(session, policy=POLICY, now=browser.at(days=11))
        assert await session.get(SessionRow, browser.issued.session.id) is None


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/session"),
        ("DELETE", "/v1/session"),
        ("POST", "/v1/session:switch-organisation"),
        ("GET", "/v1/sessions"),
        ("DELETE", f"/v1/sessions/{UUID(int=1)}"),
        ("GET", "/v1/api-tokens"),
        ("POST", "/v1/api-tokens"),
        ("DELETE", f"/v1/api-tokens/{UUID(int=1)}"),
    ],
)
async def test_nothing_of_an_account_is_open_to_anybody(client: httpx.AsyncClient, method: str, path: str) -> None:
    answer = await client.request(method, path, json={} if method == "POST" else None)

    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
