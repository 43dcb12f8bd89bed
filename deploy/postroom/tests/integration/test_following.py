"""A copy is asked for and followed through whatever a suite and the proxies before it do: our own server plays them."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from postroom.command_line.patience import ask_once
from postroom.imports.following import LOST, follow
from postroom.public_api import ApiProblemError, ApiUnreachableError, PublicApi
from postroom_shared.localservers.ports import free_port

EVENTS = "/v1/imports/c/events"
PLAIN = "/v1/imports/c"


def copy(state: str = "running", wish: str | None = None) -> dict[str, Any]:
    return {"id": "c", "state": state, "wish": wish}


def progress(*copies: dict[str, Any]) -> bytes:
    return b"".join(b"event: progress\ndata: " + json.dumps(each).encode() + b"\n\n" for each in copies)


@dataclass
class Peer:
    """Answers each path with what stands next for it; the last answer stands for good."""

    url: str
    answers: dict[str, list[tuple[int, bytes]]]
    asked: list[str] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)

    def next(self, path: str) -> tuple[int, bytes]:
        self.asked.append(path)
        waiting = self.answers[path]
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]


@pytest.fixture
def peer() -> Iterator[Peer]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = found.next(self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            found.keys.add(self.headers["Idempotency-Key"])
            self.do_GET()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found = Peer(f"http://127.0.0.1:{server.server_port}", {})
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield found
        server.shutdown()
        thread.join()


class Clock:
    """Goes on only where the follower pauses."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        self.now += seconds


def followed(url: str, *, patience_s: float = 30) -> list[Any]:
    clock = Clock()
    with PublicApi(url, token="t") as api:
        return list(follow(api, "c", patience_s=patience_s, clock=clock, pause=clock.pause))


def test_events_are_read_to_the_end(peer: Peer) -> None:
    peer.answers = {EVENTS: [(200, progress(copy("queued"), copy(), copy("completed")))]}

    assert [each["state"] for each in followed(peer.url)] == ["queued", "running", "completed"]
    assert peer.asked == [EVENTS]


def test_a_stream_that_is_cut_is_opened_again(peer: Peer) -> None:
    peer.answers = {
        EVENTS: [(200, progress(copy())), (200, b"event: progress\ndata: {"), (200, progress(copy("completed")))],
        PLAIN: [(200, json.dumps(copy()).encode())],
    }

    assert followed(peer.url)[-1]["state"] == "completed"
    assert peer.asked[:3] == [EVENTS, PLAIN, EVENTS]


def test_a_proxy_that_keeps_events_back_costs_nothing_but_a_look_each_second(peer: Peer) -> None:
    running, done = json.dumps(copy()).encode(), json.dumps(copy("completed")).encode()
    peer.answers = {EVENTS: [(200, b"")], PLAIN: [(200, running), (200, running), (200, done)]}

    assert len(followed(peer.url)) == 3
    assert peer.asked == [EVENTS, PLAIN, PLAIN, PLAIN]


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_service_that_is_down_is_waited_for(peer: Peer, status: int) -> None:
    peer.answers = {EVENTS: [(status, b"gone away"), (status, b""), (200, progress(copy("completed")))]}

    assert followed(peer.url) == [LOST, LOST, copy("completed")]


def test_a_suite_that_stays_away_is_given_up(peer: Peer) -> None:
    peer.answers = {EVENTS: [(503, b"")]}

    with pytest.raises(ApiProblemError):
        followed(peer.url)
    with pytest.raises(ApiUnreachableError):
        followed(f"http://127.0.0.1:{free_port()}")


@pytest.mark.parametrize("status", [401, 403, 404])
def test_who_may_not_see_the_copy_any_more_is_told_at_once(peer: Peer, status: int) -> None:
    peer.answers = {EVENTS: [(200, progress(copy()))], PLAIN: [(status, b"{}")]}

    with pytest.raises(ApiProblemError):
        followed(peer.url)


def test_a_paused_copy_is_waited_for_no_longer_but_one_that_is_asked_to_cancel_is(peer: Peer) -> None:
    peer.answers = {EVENTS: [(200, progress(copy("paused", "cancel"), copy("paused"), copy("completed")))]}

    assert followed(peer.url) == [copy("paused", "cancel"), copy("paused")]


def test_a_copy_is_asked_for_through_a_restart_with_one_key(peer: Peer) -> None:
    down = json.dumps({"type": "urn:postroom:problem:gateway/service-down"}).encode()
    peer.answers = {"/v1/imports": [(503, down), (502, down), (202, b'{"id": "c"}')]}
    waited: list[float] = []

    with PublicApi(peer.url) as api:
        assert ask_once(api, "/v1/imports", {}, pause=waited.append) == {"id": "c"}

    assert len(waited) == 2
    assert len(peer.keys) == 1


def test_a_refusal_or_a_suite_that_stays_away_is_told_after_so_many_tries(peer: Peer) -> None:
    refused = json.dumps({"type": "urn:postroom:problem:import/source-unavailable"}).encode()
    down = json.dumps({"type": "urn:postroom:problem:gateway/service-down"}).encode()
    waited: list[float] = []

    for answer, pauses in ((refused, 0), (down, 2)):
        waited.clear()
        peer.answers = {"/v1/imports": [(503, answer)]}
        with PublicApi(peer.url) as api, pytest.raises(ApiProblemError):
            ask_once(api, "/v1/imports", {}, tries=3, pause=waited.append)
        assert len(waited) == pauses


def test_what_is_no_suite_at_all_is_told_as_such(peer: Peer) -> None:
    peer.answers = {"/v1/me": [(200, b"<html>It works!</html>")]}

    with PublicApi(peer.url) as api, pytest.raises(ApiUnreachableError, match="not Postroom"):
        api.call("GET", "/v1/me")
