"""What the gateway refuses before it asks who is calling, and what every answer says."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

Start = Callable[..., Awaitable[Any]]

PROBLEM = "urn:postroom:problem:gateway/"


async def raw_status(port: int, request_line: bytes, headers: bytes = b"Host: x\r\n") -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request_line + b" HTTP/1.1\r\n" + headers + b"\r\n")
    async with asyncio.timeout(5):
        line = await reader.readline()
    writer.close()
    return line.split()[1]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (b"/internal/secret", b"404"),
        (b"/internal/openapi.json", b"404"),
        (b"/%69nternal/secret", b"404"),
        (b"/v1/people/../../internal/secret", b"400"),
        (b"/v1/people/%2e%2e/%2E%2E/internal/secret", b"400"),
        (b"/v1/people/..%2f..%2finternal/secret", b"400"),
        (b"/v1/people/..%5c..%5cinternal/secret", b"400"),
        (b"//internal/secret", b"400"),
        (b"/v1/people/%00", b"400"),
        (b"/v1/peoples", b"404"),
        (b"/INTERNAL/secret", b"404"),
    ],
)
async def test_internal_paths_cannot_be_reached(gateway: Any, path: bytes, status: bytes) -> None:
    assert await raw_status(gateway.port, b"GET " + path) == status


async def test_a_path_nobody_answers_is_a_problem(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/nothing")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("request_line", "headers", "status"),
    [
        (b"GET /v1/people/x?" + b"a" * 9000, b"Host: x\r\n", b"414"),
        (b"GET /v1/people/x", b"Host: x\r\nX-Large: " + b"a" * 40_000 + b"\r\n", b"431"),
        (b"GET /v1/people/x", b"Host: x\r\n" + b"X-Many: 1\r\n" * 120, b"431"),
        (b"PROPFIND /v1/people/x", b"Host: x\r\n", b"501"),
        (b"TRACE /v1/session", b"Host: x\r\n", b"405"),
        (b"CONNECT example.com:443", b"Host: x\r\n", b"400"),
        (b"POST /v1/people/upload", b"Host: x\r\nContent-Length: 99999999999\r\n", b"413"),
    ],
)
async def test_what_is_too_large_or_unknown_is_refused(
    gateway: Any, request_line: bytes, headers: bytes, status: bytes
) -> None:
    assert await raw_status(gateway.port, request_line, headers) == status


async def test_a_body_without_announced_length_is_cut_at_the_limit(start_gateway: Start, peer: Any) -> None:
    gateway = await start_gateway(upstreams={"directory": peer.url}, max_body_octets=100_000)
    async with gateway.client() as client:

        async def body() -> Any:
            for _ in range(20):
                yield b"x" * 10_000

        answer = await client.post("/v1/people/upload", content=body())

    assert answer.status_code == 413


@pytest.mark.parametrize("path", ["/v1/people/x", "/v1/nothing", "/openapi.json", "/v1/session", "/livez"])
async def test_every_answer_carries_the_security_fields(client: httpx.AsyncClient, path: str) -> None:
    headers = (await client.get(path)).headers

    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    assert "strict-transport-security" not in headers
    assert len(headers["x-request-id"]) == 32


async def test_over_tls_browsers_are_told_to_stay_there(start_gateway: Start, peer: Any) -> None:
    gateway = await start_gateway(upstreams={"directory": peer.url}, public_url="https://mail.example.com")

    async with gateway.client() as client:
        answer = await client.get("/v1/people/x")

    assert answer.headers["strict-transport-security"].startswith("max-age=")
    assert dict(answer.json()["headers"])["x-forwarded-proto"] == "https"


async def test_a_page_on_the_list_may_read_answers_and_no_other(start_gateway: Start, peer: Any) -> None:
    gateway = await start_gateway(upstreams={"directory": peer.url}, cors_origins=["https://console.example.com"])
    preflight = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    async with gateway.client() as client:
        known = {"Origin": "https://console.example.com"}
        foreign = {"Origin": "https://evil.example"}

        allowed = await client.options("/v1/people/x", headers={**known, **preflight})
        refused = await client.options("/v1/people/x", headers={**foreign, **preflight})
        answer = await client.get("/v1/people/x", headers=known)
        foreign_answer = await client.get("/v1/people/x", headers=foreign)
        with_cookie = await client.get("/v1/people/x", headers={**known, "Cookie": "postroom_session=x"})

    assert allowed.status_code == 204
    assert allowed.headers["access-control-allow-origin"] == "https://console.example.com"
    assert "Authorization" in allowed.headers["access-control-allow-headers"]
    assert answer.headers["access-control-allow-origin"] == "https://console.example.com"
    for each in (allowed, answer):
        assert "access-control-allow-credentials" not in each.headers
    for each in (refused, foreign_answer, with_cookie):
        assert "access-control-allow-origin" not in each.headers


async def test_a_client_that_asks_too_often_is_told_when_to_come_back(start_gateway: Start, peer: Any) -> None:
    gateway = await start_gateway(upstreams={"directory": peer.url}, rate_per_client=1, burst_per_client=5)
    async with gateway.client() as client:
        answers = [await client.get("/v1/people/status/200") for _ in range(7)]

    assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 2
    assert answers[0].headers["ratelimit-limit"] == "5"
    assert answers[0].headers["ratelimit-remaining"] == "4"
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert answers[-1].json()["type"] == f"{PROBLEM}too-many-requests"


async def test_only_trusted_proxies_tell_whose_request_it_is(start_gateway: Start, peer: Any) -> None:
    gateway = await start_gateway(upstreams={"directory": peer.url}, trusted_proxies=["127.0.0.0/8", "10.0.0.0/8"])
    async with gateway.client() as client:
        answer = await client.get("/v1/people/x", headers={"X-Forwarded-For": "6.6.6.6, 203.0.113.9, 10.1.2.3"})

    assert dict(answer.json()["headers"])["x-forwarded-for"] == "203.0.113.9"


async def test_measures_are_for_this_machine_only(client: httpx.AsyncClient) -> None:
    assert (await client.get("/metrics")).status_code == 200
    assert (await client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"})).status_code == 404


async def test_the_public_keys_are_published_without_the_private_half(client: httpx.AsyncClient) -> None:
    (key,) = (await client.get("/.well-known/jwks.json")).json()["keys"]

    assert key["crv"] == "Ed25519"
    assert "d" not in key
