"""The confirmation mails: who gets one, and what it says."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default

import pytest

from postroom_import.copies.domain import CopyJob, JobState, Progress, Source, SourceKind, Target
from postroom_import.copies.errors import FAILURES
from postroom_import.copying.planning import Choice
from postroom_import.imap_places import ImapPlace, Tls
from postroom_import.notices.domain import Notice, compose, language_of, recipients
from postroom_shared.values import Address, uuid7

SENDER = "Postroom <postroom@mail.example>"
TARGET = Address("anna@example.test")


def source(login: str, address: str | None) -> Source:
    return Source(
        id=uuid7(),
        kind=SourceKind.EXTERNAL,
        place=ImapPlace("imap.example.org", 993, Tls.IMPLICIT),
        login=login,
        address=Address(address) if address else None,
        account_key=login,
    )


def job(state: JobState = JobState.COMPLETED, problem: str | None = None) -> CopyJob:
    now = datetime(2026, 1, 2, tzinfo=UTC)
    return CopyJob(
        id=uuid7(),
        organisation_id=uuid7(),
        requested_by=uuid7(),
        language="fr",
        target=Target(address_id=uuid7(), address=TARGET, mail_server_id=uuid7()),
        sources=(source("<b>old@example.org", "old@example.org"),),
        choice=Choice(),
        state=state,
        wish=None,
        problem=problem,
        created_at=now,
        started_at=now,
        finished_at=now,
        waiting_since=None,
        retry_at=None,
        progress=Progress(copied=1234, already_there=56, failed=7),
    )


def notice(language: str) -> Notice:
    return Notice(
        id=uuid7(),
        organisation_id=uuid7(),
        job_id=uuid7(),
        ended_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        recipient=TARGET,
        language=language,
    )


def test_every_address_concerned_is_told_once() -> None:
    sources = [source("old@example.org", "old@example.org"), source("account7", None), source("x", TARGET)]

    assert recipients(sources, TARGET) == [TARGET, Address("old@example.org")]


@pytest.mark.parametrize(
    ("wanted", "given"), [("fr", "fr"), ("fr-CH", "fr"), ("FR", "fr"), ("en", "en"), ("de", "en"), ("", "en")]
)
def test_mails_are_french_or_english(wanted: str, given: str) -> None:
    assert language_of(wanted) == given


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("fr", ["Messages copiés : 1234", "déjà présents", ": 56", "n'ont pas pu être copiés : 7", "Vers : anna@"]),
        ("en", ["Messages copied: 1234", "there already", ": 56", "could not be copied: 7", "To: anna@"]),
    ],
)
def test_a_mail_tells_the_numbers_as_text_and_as_html(language: str, words: list[str]) -> None:
    mail = message_from_bytes(compose(notice(language), job(), sender=SENDER).as_bytes(), policy=default)
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert html is not None

    for word in words:
        assert word in plain.get_content()
    assert "<b>old" not in html.get_content()
    assert "&lt;b&gt;old@example.org" in html.get_content()
    assert "1234" in html.get_content()
    assert "1234" in mail["Subject"]
    assert mail["To"] == TARGET
    assert mail["Content-Language"] == language
    assert mail["Auto-Submitted"] == "auto-generated"
    assert all(len(line) <= 998 for line in mail.as_bytes().splitlines())


def test_the_same_notice_always_has_the_same_id() -> None:
    told = notice("fr")

    assert len({compose(told, job(), sender=SENDER)["Message-ID"] for _ in range(3)}) == 1
    assert compose(told, job(), sender=SENDER)["Message-ID"].endswith("@mail.example>")


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("problem", sorted(FAILURES))
def test_every_way_to_fail_is_told_in_words(language: str, problem: str) -> None:
    plain = compose(notice(language), job(JobState.FAILED, problem), sender=SENDER).get_body(("plain",))

    assert plain is not None
    assert "{" not in plain.get_content()
    assert "1234" in plain.get_content()
