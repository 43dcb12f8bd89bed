import re

import pytest

from postroom_logs.correlation.deliveries import Attempt, Delivery, DeliveryStatus
from postroom_logs.daemons.log_events import Attempted
from postroom_logs.reasons.explaining import explain, explain_refusal
from postroom_logs.reasons.reason import Reason, ReasonKey
from postroom_logs.reasons.rendering import LANGUAGES, catalogue, preferred_language, render

_PARAMETER = re.compile(r"\{(\w+)\}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_has_a_sentence_in_every_language(language: str):
    keys = {key.removesuffix("-unknown") if key.removesuffix("-unknown") in set(ReasonKey) else key
            for key in catalogue(language)}  # fmt: skip

    assert keys == set(ReasonKey)


def test_all_languages_have_the_same_sentences_with_the_same_parameters():
    english, *others = [
        {key: sorted(_PARAMETER.findall(sentence)) for key, sentence in catalogue(language).items()}
        for language in LANGUAGES
    ]

    assert all(other == english for other in others)


def test_a_sentence_with_a_host_has_one_for_when_the_host_is_unknown():
    sentences = catalogue("en")

    for key, sentence in sentences.items():
        if "{host}" in sentence and key != "delivered-to-remote":
            assert f"{key}-unknown" in sentences


@pytest.mark.parametrize(
    ("text", "dsn", "key"),
    [
        ("550 5.1.1 <a@b>: Recipient address rejected: User unknown in table", "5.1.1", "mailbox-unknown"),
        ("host mx said: 550 5.1.1 The email account you tried to reach does not exist", "5.1.1", "mailbox-unknown"),
        ("host mx said: 550-5.7.1 [192.0.2.1] blocked using zen.spamhaus.org", "5.7.1", "listed"),
        ("host mx said: 452 4.2.2 The email account that you tried to reach is over quota", "4.2.2", "mailbox-full"),
        ("552 5.2.2 mailbox full", "5.2.2", "mailbox-full"),
        ("450 4.7.1 <a@b>: Recipient address rejected: Greylisted; see https://x", "4.7.1", "greylisted"),
        ("450 4.3.2 Service currently unavailable", "4.3.2", "new-client"),
        ("554 5.7.1 Service unavailable", "5.7.1", "refused"),
        ("553 5.7.1 <a@b>: Sender address rejected: not owned by user c@d", "5.7.1", "sender-not-owned"),
        ("550 5.7.1 <a@b>: Sender address rejected: Domain not found", "5.7.1", "sender-domain-unknown"),
        ("554 5.7.1 <a@b>: Relay access denied", "5.7.1", "relay-denied"),
        ("504 5.5.2 <localhost>: Helo command rejected: need fully-qualified hostname", "5.5.2", "name-refused"),
        ("connect to mx[192.0.2.1]:25: Connection timed out", "4.4.1", "connection-timed-out"),
        ("connect to mx[192.0.2.1]:25: Connection refused", "4.4.1", "connection-refused"),
        ("lost connection with mx[192.0.2.1] while sending RCPT TO", "4.4.2", "connection-lost"),
        ("Host or domain name not found. Name service error for name=x", "5.4.4", "domain-unknown"),
        ("mail for x loops back to myself", "5.4.6", "loop"),
        ("message size 99999999 exceeds size limit 1000000 of server mx", "5.3.4", "too-large"),
        ("host mx said: 550 5.7.26 Mail is not accepted due to domain's DMARC policy", "5.7.26", "dmarc-failed"),
        ("550 5.7.23 SPF validation failed", "5.7.23", "spf-failed"),
        ("421 4.7.0 Too many connections from your host", "4.7.0", "rate-limited"),
        ("554 5.7.1 This message looks like spam", "5.7.1", "spam"),
        ("550 5.7.1 Virus found", "5.7.1", "virus"),
        ("550 5.1.1 <virus@b>: User unknown", "5.1.1", "mailbox-unknown"),
        ("Cannot start TLS: handshake failure", "4.7.5", "tls-failed"),
        ("550 5.2.1 something in no pattern", "5.2.1", "mailbox-disabled"),
        ("550 no", "", "refused"),
        ("450 no", "", "refused-for-now"),
        ("delivery temporarily suspended: connect to mx[192.0.2.1]:25: Connection refused", "4.4.1", "suspended"),
    ],
)  # fmt: skip
def test_what_mail_servers_answer_is_put_into_plain_words(text: str, dsn: str, key: str):
    assert explain_refusal(text, dsn=dsn, relay="mx.ext.test[192.0.2.1]:25").key == key


def test_the_list_and_the_host_are_named():
    listed = explain_refusal("550 5.7.1 blocked using zen.spamhaus.org", dsn="5.7.1", relay="mx[192.0.2.1]:25")
    unknown = explain_refusal("550 5.1.1 User unknown", dsn="5.1.1", relay="mx.ext.test[192.0.2.1]:25")

    assert render(listed, language="en") == "The sending server is on the block list zen.spamhaus.org."
    assert render(unknown, language="fr") == "Cette adresse n'existe pas chez mx.ext.test."
    assert render(Reason(ReasonKey.MAILBOX_UNKNOWN, {"host": ""}), language="en") == "This address does not exist."


def test_a_language_nobody_wrote_is_english():
    assert render(Reason(ReasonKey.SPAM, {}), language="de") == catalogue("en")["spam"]


@pytest.mark.parametrize(
    ("field", "language"),
    [
        ("fr-CH, fr;q=0.9, en;q=0.8", "fr"),
        ("de, en;q=0.5, fr;q=0.7", "fr"),
        ("fr;q=0, en;q=0.1", "en"),
        ("de", "en"),
        ("", "en"),
        ("fr;q=x", "en"),
    ],
)
def test_the_best_known_language_is_chosen(field: str, language: str):
    assert preferred_language(field) == language


def delivery(status: DeliveryStatus, **values: object) -> Delivery:
    attempt = Attempt(1, Attempted("Q", "a@b", None, "mx[192.0.2.1]:25", "1", "2.0.0", "sent", "250 ok", "smtp"))
    empty = Delivery(
        "k", 1, 1, 1, "h", "Q", ("Q",), "s@e", "a@b", None, None, None, status, "", "mx[192.0.2.1]:25", "", (attempt,),
        False, None, None, None, "", None, None, (), False, None, (),
    )  # fmt: skip
    return empty._replace(**values)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (delivery(DeliveryStatus.DELIVERED), Reason(ReasonKey.DELIVERED_TO_REMOTE, {"host": "mx"})),
        (delivery(DeliveryStatus.DELIVERED, relay="local"), Reason(ReasonKey.DELIVERED, {})),
        (delivery(DeliveryStatus.DELIVERED, folder="X"), Reason(ReasonKey.DELIVERED_TO_FOLDER, {"folder": "X"})),
        (delivery(DeliveryStatus.JUNK, folder="Junk"), Reason(ReasonKey.JUNK, {"folder": "Junk"})),
        (delivery(DeliveryStatus.FORWARDED, forwarded_to=("f@e",)), Reason(ReasonKey.FORWARDED, {"target": "f@e"})),
        (delivery(DeliveryStatus.FORWARDED), Reason(ReasonKey.FORWARDED_BY_ALIAS, {})),
        (delivery(DeliveryStatus.FILTERED), Reason(ReasonKey.FILTERED, {})),
        (delivery(DeliveryStatus.REJECTED), Reason(ReasonKey.REFUSED_BY_RULE, {})),
        (delivery(DeliveryStatus.HELD), Reason(ReasonKey.HELD, {})),
        (delivery(DeliveryStatus.DISCARDED), Reason(ReasonKey.DISCARDED, {})),
        (delivery(DeliveryStatus.EXPIRED, text="timed out"), Reason(ReasonKey.EXPIRED, {})),
        (delivery(DeliveryStatus.REJECTED, attempts=(), text="5.7.1 spam"), Reason(ReasonKey.SPAM, {"host": "mx"})),
    ],
)
def test_every_status_has_its_reason(row: Delivery, reason: Reason):
    assert explain(row) == reason
