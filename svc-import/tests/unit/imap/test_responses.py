"""What a server says, response by response."""

from itertools import chain

import pytest

from postroom_import.imap.errors import ImapProtocolError
from postroom_import.imap.internal_dates import InternalDate
from postroom_import.imap.names import MailboxName
from postroom_import.imap.responses import Limits, ResponseParser
from postroom_import.imap.results import (
    AppendUid,
    BodyPiece,
    BodyStart,
    Capabilities,
    Condition,
    Continuation,
    CopyUid,
    Count,
    Fetched,
    Flags,
    Found,
    ListEntry,
    MailboxStatus,
    NamespaceEntry,
    Namespaces,
    NumberCode,
    OtherCode,
    Response,
    ServerIdentity,
    Status,
    Unknown,
    WordsCode,
)
from postroom_import.imap.uid_sets import UidSet


def parse(wire: bytes) -> list[Response]:
    return list(ResponseParser().feed(wire))


def one(wire: bytes) -> Response:
    (response,) = parse(wire + b"\r\n")
    return response


def code(text: bytes) -> object:
    status = one(b"P1 OK [" + text + b"] done")
    assert isinstance(status, Status)
    assert status.text == "done"
    return status.code


def test_a_status_has_tag_condition_code_and_words() -> None:
    assert one(b"P7 NO [OVERQUOTA] Quota exceeded") == Status(
        b"P7", Condition.NO, OtherCode("OVERQUOTA"), "Quota exceeded"
    )
    assert one(b"* BYE See you") == Status(b"", Condition.BYE, None, "See you")
    assert one(b"* preauth") == Status(b"", Condition.PREAUTH, None, "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"APPENDUID 38505 3955", AppendUid(38505, UidSet(((3955, 3955),)))),
        (b"APPENDUID 1 5:7,10", AppendUid(1, UidSet(((5, 7), (10, 10))))),
        (
            b"COPYUID 38505 304,319:320 3956:3958",
            CopyUid(38505, UidSet(((304, 304), (319, 320))), UidSet(((3956, 3958),))),
        ),
        (b"UIDVALIDITY 3857529045", NumberCode("UIDVALIDITY", 3857529045)),
        (b"uidnext 4392", NumberCode("UIDNEXT", 4392)),
        (b"HIGHESTMODSEQ 715194045007", NumberCode("HIGHESTMODSEQ", 715194045007)),
        (
            b"PERMANENTFLAGS (\\Deleted \\Seen \\*)",
            WordsCode("PERMANENTFLAGS", frozenset({"\\Deleted", "\\Seen", "\\*"})),
        ),
        (b"CAPABILITY imap4rev1 LITERAL+", WordsCode("CAPABILITY", frozenset({"IMAP4REV1", "LITERAL+"}))),
        (b"TRYCREATE", OtherCode("TRYCREATE")),
        (b"ALREADYEXISTS", OtherCode("ALREADYEXISTS")),
        (b"AUTHENTICATIONFAILED", OtherCode("AUTHENTICATIONFAILED")),
        (b"APPENDUID nonsense", OtherCode("APPENDUID", b"nonsense")),
        (b"UIDNEXT 99999999999999999999999", OtherCode("UIDNEXT", b"99999999999999999999999")),
    ],
)
def test_a_response_code_is_read(text: bytes, expected: object) -> None:
    assert code(text) == expected


def test_words_that_look_like_a_literal_are_words() -> None:
    assert parse(b"* OK ready {5}\r\n+ go on {7}\r\n* 3 EXISTS\r\n") == [
        Status(b"", Condition.OK, None, "ready {5}"),
        Continuation(b"go on {7}"),
        Count("EXISTS", 3),
    ]


@pytest.mark.parametrize(
    ("wire", "name", "separator"),
    [
        (b'* LIST (\\HasNoChildren \\Sent) "/" "5* hotels"', b"5* hotels", "/"),
        (b'* LIST (\\HasNoChildren \\Sent) "/" "a\\"b\\\\c"', b'a"b\\c', "/"),
        (b'* LIST (\\HasNoChildren \\Sent) "\\\\" inbox', b"INBOX", "\\"),
        (b"* LIST (\\HasNoChildren \\Sent) NIL {13}\r\nhello {3}\x22 )(", b'hello {3}" )(', None),
        (b"* LIST (\\HasNoChildren \\Sent) NIL NIL", b"NIL", None),
        (b'* LIST (\\HasNoChildren \\Sent) "/" [Gmail]/All', b"[Gmail]/All", "/"),
        (b'* LIST (\\HasNoChildren \\Sent) "." x ("CHILDINFO" ("SUBSCRIBED"))', b"x", "."),
    ],
)
def test_a_listed_name_is_read_whatever_it_holds(wire: bytes, name: bytes, separator: str | None) -> None:
    assert one(wire) == ListEntry(
        MailboxName(name), separator, frozenset({"\\hasnochildren", "\\sent"}), subscribed_only=False
    )


def test_lsub_says_what_is_subscribed() -> None:
    assert one(b'* LSUB () "/" x') == ListEntry(MailboxName(b"x"), "/", frozenset(), subscribed_only=True)


def test_the_rest_of_the_untagged_responses() -> None:
    assert one(b"* CAPABILITY IMAP4rev1 idle") == Capabilities(frozenset({"IMAP4REV1", "IDLE"}))
    assert one(b'* STATUS "a b" (MESSAGES 3 UIDNEXT 9)') == MailboxStatus(
        MailboxName(b"a b"), {"MESSAGES": 3, "UIDNEXT": 9}
    )
    assert one(b"* FLAGS (\\Seen $x)") == Flags(frozenset({"\\Seen", "$x"}))
    assert one(b"* SEARCH 3 1 2 (MODSEQ 917)") == Found(UidSet(((1, 3),)))
    assert one(b"* SEARCH") == Found(UidSet(()))
    assert one(b'* ESEARCH (TAG "P1") UID ALL 1:3,7') == Found(UidSet(((1, 3), (7, 7))))
    assert one(b'* ESEARCH (TAG "P1") UID') == Found(UidSet(()))
    assert one(b'* NAMESPACE (("" "/")) NIL (("Public/" "/" "X" ("Y")))') == Namespaces(
        (NamespaceEntry(b"", "/"),), (), (NamespaceEntry(b"Public/", "/"),)
    )
    assert one(b'* ID ("name" "Dovecot" "version" NIL)') == ServerIdentity({"name": "Dovecot"})
    assert one(b"* ID NIL") == ServerIdentity({})
    assert one(b"* 12 EXPUNGE") == Count("EXPUNGE", 12)
    assert one(b"* XMAGIC (anything {goes") == Unknown("XMAGIC")


def test_metadata_is_read_in_any_order() -> None:
    expected = Fetched(3, 5, frozenset({"\\Seen", "$Forwarded"}), InternalDate(b" 7-Jul-1996 02:44:25 -0700"), 44827)

    assert (
        one(b'* 3 FETCH (UID 5 FLAGS (\\Seen $Forwarded) INTERNALDATE " 7-Jul-1996 02:44:25 -0700" RFC822.SIZE 44827)')
        == expected
    )
    assert (
        one(b'* 3 fetch (rfc822.size 44827 internaldate " 7-Jul-1996 02:44:25 -0700" flags (\\Seen $Forwarded) uid 5 )')
        == expected
    )


def test_items_in_unusual_form_are_read_too() -> None:
    response = one(
        b'* 3 FETCH (RFC822.SIZE {1}\r\n7 FLAGS ("\\\\Seen")'
        b' X-GM-LABELS (a {1}\r\nb) INTERNALDATE {3}\r\nabc MODSEQ (12) UID "9")'
    )

    assert response == Fetched(3, 9, frozenset({"\\Seen"}), InternalDate(b"abc"), 7, 12, {"X-GM-LABELS": (b"a", b"b")})


def test_a_body_is_handed_over_in_pieces_with_the_items_around_it() -> None:
    body = b"x" * 70_000

    events = parse(b"* 1 FETCH (UID 7 BODY[] {70000}\r\n" + body + b" FLAGS (\\Seen))\r\n* 1 EXISTS\r\n")

    assert events[0] == BodyStart("", 70_000, Fetched(1, 7))
    assert events[1:3] == [BodyPiece(body[:65_536]), BodyPiece(body[65_536:])]
    assert events[3:] == [Fetched(1, 7, frozenset({"\\Seen"})), Count("EXISTS", 1)]


def test_a_body_may_look_like_responses() -> None:
    body = b")\r\nP1 OK done\r\n* 2 FETCH (BODY[] {3}\r\n"

    events = parse(b"* 1 FETCH (BODY[] {%d}\r\n%b UID 4)\r\n" % (len(body), body))

    assert events == [BodyStart("", len(body), Fetched(1)), BodyPiece(body), Fetched(1, 4)]


@pytest.mark.parametrize("item", [b'BODY[] "hello"', b"RFC822 hello"])
def test_a_body_may_come_as_a_string(item: bytes) -> None:
    assert parse(b"* 1 FETCH (UID 2 " + item + b")\r\n") == [
        BodyStart("", 5, Fetched(1, 2)),
        BodyPiece(b"hello"),
        Fetched(1, 2),
    ]


def test_an_empty_body_and_no_body_differ() -> None:
    assert parse(b"* 1 FETCH (UID 2 BODY[] {0}\r\n)\r\n") == [BodyStart("", 0, Fetched(1, 2)), Fetched(1, 2)]
    assert parse(b'* 1 FETCH (UID 2 BODY[] "")\r\n') == [BodyStart("", 0, Fetched(1, 2)), Fetched(1, 2)]
    assert parse(b"* 1 FETCH (UID 2 BODY[] NIL)\r\n") == [Fetched(1, 2, others={"BODY[]": None})]


def test_header_fields_and_a_body_come_in_one_response() -> None:
    events = parse(
        b"* 1 FETCH (UID 2 BODY[HEADER.FIELDS (MESSAGE-ID)] {9}\r\nM-I: <x>\n"
        b" BODY[] {2}\r\nhi ENVELOPE (NIL {1}\r\n)))\r\n"
    )

    assert events == [
        BodyStart("HEADER.FIELDS (MESSAGE-ID)", 9, Fetched(1, 2)),
        BodyPiece(b"M-I: <x>\n"),
        BodyStart("", 2, Fetched(1, 2)),
        BodyPiece(b"hi"),
        Fetched(1, 2, others={"ENVELOPE": (None, b")")}),
    ]


@pytest.mark.parametrize(
    "wire",
    [
        b"\r\n",
        b"hello\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 400 Bad Request\r\n",
        b"* LIST\r\n",
        b"* LIST (\r\n",
        b'* LIST () "ab" x\r\n',
        b'* LIST () "/" {3}\r\na\rb\r\n',
        b'* LIST () "/" ""\r\n',
        b"* LIST (" + b"(" * 100 + b")" * 100 + b") NIL x\r\n",
        b"* STATUS x (MESSAGES -1)\r\n",
        b"* STATUS x (MESSAGES " + b"9" * 5000 + b")\r\n",
        b"* SEARCH one\r\n",
        b"* SEARCH )\r\n",
        b'* LIST (\\Sent NIL) "/" x\r\n',
        b"* CAPABILITY (x)\r\n",
        b"* NAMESPACE x y z\r\n",
        b"* 1 FETCH UID 3\r\n",
        b"* 1 FETCH (UID 3\r\n",
        b"* 1 FETCH (UID 3) UID 4)\r\n",
        b"* 1 FETCH (UID (3))\r\n",
        b'* 1 FETCH ("UID" 3)\r\n',
        b"* 1 FETCH (BODY[] (x))\r\n",
        b"* 1 FETCH (BODY[] {99999999999}\r\n",
        b"* X {99999999}\r\n",
        b"\x00\x01\x02\r\n",
    ],
)
def test_what_is_not_imap_is_refused(wire: bytes) -> None:
    with pytest.raises(ImapProtocolError):
        parse(wire)


def test_a_line_without_end_is_refused_at_the_limit() -> None:
    parser = ResponseParser(Limits(line_bytes=1_000))

    with pytest.raises(ImapProtocolError):
        list(chain.from_iterable(parser.feed(b"x") for _ in range(1_001)))


def test_many_small_literals_count_as_one_line() -> None:
    with pytest.raises(ImapProtocolError):
        list(ResponseParser(Limits(line_bytes=1_000)).feed(b"* X" + b" {1}\r\na" * 400))


def test_a_body_does_not_count_as_a_line() -> None:
    parser = ResponseParser(Limits(line_bytes=1_000))

    events = list(parser.feed(b"* 1 FETCH (BODY[] {5000}\r\n" + b"x" * 5000 + b" UID 3)\r\n"))

    assert events[-1] == Fetched(1, 3)
