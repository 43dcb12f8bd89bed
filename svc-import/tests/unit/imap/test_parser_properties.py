"""The parser gives the same responses however the network cuts them, and survives any bytes."""

import time
from contextlib import suppress
from itertools import chain, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom_import.imap.errors import ImapProtocolError
from postroom_import.imap.responses import Limits, ResponseParser
from postroom_import.imap.results import BodyPiece, Response

_BODIES = st.binary(max_size=200) | st.sampled_from([b"\r\n", b")\r\nP1 OK x\r\n", b"{5}\r\n", b"+ \r\n", b"\r", b"\n"])
_LINES = st.sampled_from(
    [
        b"* OK [UIDVALIDITY 3] ok {3}\r\n",
        b"P1 OK [APPENDUID 3 1:4] done\r\n",
        b'* LIST (\\Sent) "/" "a\\"b"\r\n',
        b'* LIST () "/" {5}\r\na{3}b\r\n',
        b"* STATUS x (MESSAGES 3)\r\n",
        b"* SEARCH 1 2 3\r\n",
        b"+ \r\n",
        b"* 4 EXISTS\r\n",
        b"* 1 FETCH (FLAGS (\\Seen) UID 3 ENVELOPE ({2}\r\nab NIL))\r\n",
        b"* X bare\n",
        b"garbage\r\n",
        b"* 1 FETCH (BODY[\r\n",
    ]
)
_MESSAGES = _BODIES.map(lambda body: b"* 9 FETCH (UID 8 BODY[] {%d}\r\n%b FLAGS (a))\r\n" % (len(body), body))
_STREAMS = st.lists(_LINES | _MESSAGES, max_size=8).map(b"".join)
_HOSTILE = st.lists(
    st.sampled_from(
        [b"* ", b"1 FETCH (", b"BODY[] ", b"{3}\r\n", b"{0}\r\n", b"(", b")", b'"', b"\\", b" ", b"[", b"]"]
    )
    | st.sampled_from([b"UID 3", b"LIST ", b"NIL", b"\r\n", b"\n", b"\x00", b"P1 OK ", b"+", b"{99}", b"FLAGS (", b"~"])
    | st.binary(max_size=5),
    max_size=40,
).map(b"".join)


def digest(pieces: list[bytes]) -> tuple[list[Response], str]:
    """Return the responses with the pieces of each body joined, and the error at the end."""
    parser = ResponseParser(Limits(line_bytes=2_000, body_bytes=5_000))
    events: list[Response] = []
    try:
        for piece in pieces:
            for event in parser.feed(piece):
                if isinstance(event, BodyPiece) and events and isinstance(events[-1], BodyPiece):
                    events[-1] = BodyPiece(events[-1].data + event.data)
                else:
                    events.append(event)
    except ImapProtocolError as error:
        return events, str(error)
    return events, ""


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(stream) + 1) for place in places), len(stream)]
    return [stream[start:end] for start, end in pairwise(edges)]


@given(_STREAMS | _HOSTILE, st.lists(st.integers(0, 10_000), max_size=12))
def test_the_cuts_of_the_network_change_nothing(stream: bytes, places: list[int]) -> None:
    whole = digest([stream])

    assert digest(cut(stream, places)) == whole
    assert digest([stream[at : at + 1] for at in range(len(stream))]) == whole


@given(st.binary(max_size=400) | _HOSTILE)
def test_no_bytes_raise_anything_but_a_protocol_error(stream: bytes) -> None:
    digest([stream])


@pytest.mark.parametrize("item", [b"A%d 1", b"B%d {0}\r\n", b"BODY[%d] {0}\r\n", b"FLAGS (f%d)"])
def test_a_message_of_endless_items_is_refused_soon(item: bytes) -> None:
    parser = ResponseParser()
    began = time.process_time()

    list(parser.feed(b"* 1 FETCH ("))
    with pytest.raises(ImapProtocolError):
        list(chain.from_iterable(parser.feed(item % number + b" ") for number in range(1_000_000)))

    assert time.process_time() - began < 8


@pytest.mark.parametrize(
    "unit",
    [b"[", b"(", b'"', b'"a\\', b"{", b" ", b"\\", b"() ", b"[] ", b"a[", b'""', b"BODY[", b"BODY[] ", b"FLAGS ("],
)
@pytest.mark.parametrize(
    "start", [b"* LIST ", b"* 1 FETCH (", b"* STATUS x ", b"P1 OK [", b"* ", b"", b"* NAMESPACE ("]
)
def test_no_megabyte_line_takes_long(start: bytes, unit: bytes) -> None:
    line = start + unit * (1_000_000 // len(unit)) + b"\r\n"
    began = time.process_time()

    with suppress(ImapProtocolError):
        list(ResponseParser().feed(line))

    assert time.process_time() - began < 3
