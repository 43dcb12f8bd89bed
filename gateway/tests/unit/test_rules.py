"""The gateway's pure rules."""

from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom_gateway.api_tokens.domain import PREFIX, looks_like_token, new_token, uncovered_scopes
from postroom_gateway.border.answer_headers import AnswerHeaders
from postroom_gateway.border.client_address import client_address
from postroom_gateway.identification.credentials import CredentialKind, Presented, presented_credentials
from postroom_gateway.identification.csrf import ForeignOriginError, refuse_foreign_origin
from postroom_gateway.proxy.breaker import CircuitBreaker
from postroom_gateway.proxy.headers import Forwarded, has_body, request_headers, response_headers
from postroom_gateway.proxy.routes import RouteTable, upstream_urls
from postroom_gateway.rate_limits.limits import network_of
from postroom_gateway.rate_limits.token_bucket import Rate, TokenBuckets
from postroom_gateway.sessions.domain import client_family
from postroom_shared.manifest import ServiceManifest
from postroom_shared.principal import ALL_SCOPES, Scope

FORWARDED = Forwarded(
    token="internal", client="192.0.2.1", host="mail.example.com", scheme="https", request_id="1", traceparent="00-1"
)


def manifest(name: str, *prefixes: str) -> ServiceManifest:
    return ServiceManifest(name=name, package=f"postroom_{name}", port_offset=1, api_prefixes=prefixes)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/v1/mail", "one"),
        ("/v1/mail/x", "one"),
        ("/v1/mail:batch", "one"),
        ("/v1/mail/archive", "two"),
        ("/v1/mail/archive/x", "two"),
        ("/v1/mail-servers", None),
        ("/v1", None),
        ("/", None),
    ],
)
def test_the_longest_prefix_at_a_border_of_segments_wins(path: str, name: str | None) -> None:
    routes = RouteTable([manifest("one", "/v1/mail"), manifest("two", "/v1/mail/archive")])

    found = routes.find(path)

    assert (found[0] if found else None) == name


def test_two_services_cannot_claim_one_prefix() -> None:
    with pytest.raises(ValueError, match="claimed by"):
        RouteTable([manifest("one", "/v1/x"), manifest("two", "/v1/x")])


def test_a_service_answers_beside_the_gateway_unless_the_setting_says_where() -> None:
    urls = upstream_urls([manifest("one", "/a"), manifest("two", "/b")], given={"two": "http://x:1/"}, base_port=8125)

    assert urls == {"one": "http://127.0.0.1:8126", "two": "http://x:1"}


def test_a_connection_option_cannot_take_away_what_the_gateway_says() -> None:
    sent = request_headers([(b"connection", b"Authorization, x-forwarded-for, x-request-id")], FORWARDED)

    assert dict(sent)["Authorization"] == "Bearer internal"
    assert dict(sent)["X-Forwarded-For"] == "192.0.2.1"


def test_octets_beyond_ascii_survive() -> None:
    sent = dict(request_headers([(b"x-name", "é".encode()), (b"x-old", b"\xe9")], FORWARDED))

    assert (sent["x-name"], sent["x-old"]) == ("é", "é")


def test_an_answer_loses_what_is_between_the_gateway_and_the_service() -> None:
    kept = response_headers([(b"Connection", b"X-A"), (b"X-A", b"1"), (b"Set-Cookie", b"a"), (b"Set-Cookie", b"b")])

    assert kept == [(b"set-cookie", b"a"), (b"set-cookie", b"b")]


@pytest.mark.parametrize(
    ("headers", "expected"),
    [([], False), ([(b"content-length", b"0")], False), ([(b"content-length", b"1")], True)],
)
def test_a_body_is_announced(headers: list[tuple[bytes, bytes]], *, expected: bool) -> None:
    assert has_body(headers) is expected
    assert has_body([(b"transfer-encoding", b"chunked")])


def test_a_breaker_opens_after_failures_in_a_row_and_closes_after_one_success() -> None:
    breaker = CircuitBreaker(failures=2, longest_pause_s=4)
    breaker.failed(0)
    assert breaker.admits(0)
    breaker.failed(0)

    assert not breaker.admits(0.9)
    assert breaker.wait_s(0.5) == 0.5
    assert breaker.admits(1.0)
    assert not breaker.admits(1.0), "one at a time while it is on trial"
    breaker.failed(1.0)
    assert not breaker.admits(2.9)
    assert breaker.admits(3.0)
    breaker.succeeded()
    assert breaker.admits(3.0)
    assert breaker.admits(3.0)


def test_a_trial_whose_client_left_decides_nothing() -> None:
    breaker = CircuitBreaker(failures=1, longest_pause_s=4)
    breaker.failed(0)
    assert breaker.admits(1)

    breaker.given_up()

    assert breaker.admits(1)


@given(st.lists(st.floats(0, 3), max_size=60))
def test_a_bucket_never_gives_more_than_its_burst_and_its_rate(pauses: list[float]) -> None:
    buckets, now, granted = TokenBuckets(Rate(per_second=2, burst=5)), 100.0, 0

    for pause in pauses:
        now += pause
        granted += buckets.take("somebody", now=now).wait_s == 0

    assert granted <= 5 + 2 * (now - 100) + 1e-6


def test_a_bucket_tells_when_to_come_back_and_takes_tokens_back() -> None:
    buckets = TokenBuckets(Rate(per_second=0.5, burst=1))
    assert buckets.take("a", now=0).remaining == 0

    refused = buckets.take("a", now=1)

    assert (refused.wait_s, refused.retry_after_s) == (1.0, 1)
    buckets.give_back("a")
    assert buckets.take("a", now=1).wait_s == 0


def test_buckets_remember_so_many_holders_and_no_more() -> None:
    buckets = TokenBuckets(Rate(per_second=1, burst=1), max_holders=2)
    for holder in ("a", "b", "c"):
        buckets.take(holder, now=0)

    assert buckets.take("a", now=0).wait_s == 0
    assert buckets.take("c", now=0).wait_s > 0


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("not an address", "not an address"),
    ],
)
def test_an_ipv6_customer_is_counted_once(address: str, network: str) -> None:
    assert network_of(address) == network


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("203.0.113.1", [b"6.6.6.6"], "203.0.113.1"),
        ("10.0.0.1", [b"6.6.6.6, 203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", [b"6.6.6.6", b"203.0.113.9, 10.0.0.2"], "203.0.113.9"),
        ("10.0.0.1", [b"10.0.0.7"], "10.0.0.7"),
        ("10.0.0.1", [b"<script>"], "10.0.0.1"),
        ("10.0.0.1", [], "10.0.0.1"),
        (None, [b"6.6.6.6"], "::"),
    ],
)
def test_only_our_own_proxies_are_believed(peer: str | None, forwarded: list[bytes], expected: str) -> None:

    assert client_address(peer, forwarded, [IPv4Network("10.0.0.0/8")]) == expected


def test_tokens_have_a_form_and_a_checksum() -> None:
    token = new_token()

    assert looks_like_token(token)
    assert token.startswith(PREFIX)
    swapped = token[:-1] + ("0" if token[-1] != "0" else "1")
    assert not looks_like_token(swapped)
    assert not looks_like_token(token + "0")
    assert not looks_like_token("é" * len(token))


def test_a_token_gives_away_no_more_than_it_has() -> None:
    assert uncovered_scopes([Scope.LOGS_READ], frozenset({ALL_SCOPES})) == []
    assert uncovered_scopes([Scope.LOGS_READ, Scope.IMPORTS_READ], frozenset({"imports.read"})) == [Scope.LOGS_READ]


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([], None),
        ([(b"cookie", b"a=1; session=s; b=2")], Presented(CredentialKind.SESSION, "s")),
        ([(b"cookie", b"xsession=s")], None),
        ([(b"cookie", b"session=")], None),
        ([(b"authorization", b"bearer t"), (b"cookie", b"session=s")], Presented(CredentialKind.API_TOKEN, "t")),
        ([(b"authorization", b"Basic t")], None),
    ],
)
def test_what_a_request_presents(headers: list[tuple[bytes, bytes]], expected: Presented | None) -> None:
    assert presented_credentials(headers, cookie_name="session") == expected


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(b"origin", b"https://mail.example.com")],
        [(b"origin", b"https://MAIL.example.com"), (b"sec-fetch-site", b"same-origin")],
        [(b"host", b"other.example"), (b"origin", b"https://other.example")],
        [(b"sec-fetch-site", b"none")],
    ],
)
def test_our_own_origins_pass(headers: list[tuple[bytes, bytes]]) -> None:
    refuse_foreign_origin(headers, own_origin="https://mail.example.com")


@pytest.mark.parametrize(
    "headers",
    [
        [(b"origin", b"http://mail.example.com")],
        [(b"origin", b"https://mail.example.com.evil.example")],
        [(b"origin", b"null")],
        [(b"sec-fetch-site", b"same-site")],
        [(b"sec-fetch-site", b"same-origin"), (b"sec-fetch-site", b"cross-site")],
    ],
)
def test_foreign_origins_do_not(headers: list[tuple[bytes, bytes]]) -> None:
    with pytest.raises(ForeignOriginError):
        refuse_foreign_origin(headers, own_origin="https://mail.example.com")


def test_a_service_may_bring_its_own_policy_and_not_weaken_ours() -> None:
    answer = AnswerHeaders(secure=True)

    headers = answer.complete([(b"content-security-policy", b"own"), (b"X-Content-Type-Options", b"none")])

    assert dict(headers)[b"content-security-policy"] == b"own"
    assert [value for name, value in headers if name.lower() == b"x-content-type-options"] == [b"nosniff"]
    assert b"strict-transport-security" in dict(headers)


@pytest.mark.parametrize(
    ("user_agent", "family"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", "Safari on iOS"),
        ("python-httpx/0.28", "python-httpx"),
        ("", "Unknown client"),
        ("\x00\x01", "Unknown client"),
    ],
)
def test_a_client_is_known_by_its_family(user_agent: str, family: str) -> None:
    assert client_family(user_agent) == family
