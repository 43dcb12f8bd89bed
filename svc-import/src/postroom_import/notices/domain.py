"""Who is told, in which words. Pure.

Source: docs/promises.md#import-confirmation
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from html import escape
from uuid import UUID

from postroom_import.copies.domain import CopyJob, JobState, Progress, Source
from postroom_shared.values import Address


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """One mail to one address.

    Attributes:
        ended_at: The end of the copy that it tells; a copy that went on after a failure ends twice.
    """

    id: UUID
    organisation_id: UUID
    job_id: UUID
    ended_at: datetime
    recipient: Address
    language: str


@dataclass(frozen=True, slots=True)
class _Words:
    subject_done: str
    subject_failed: str
    done: str
    failed: str
    sources: str
    target: str
    copied: str
    already_there: str
    failures: str
    untouched: str
    automatic: str
    problems: dict[str, str]


_FRENCH = _Words(
    subject_done="Copie de la messagerie terminée : {copied} messages copiés",
    subject_failed="Copie de la messagerie interrompue",
    done="La copie de la messagerie est terminée.",
    failed="La copie de la messagerie s'est arrêtée avant la fin : {problem} Ce qui a été copié reste en place.",
    sources="Depuis",
    target="Vers",
    copied="Messages copiés",
    already_there="Messages déjà présents à l'identique, non copiés une seconde fois",
    failures="Messages qui n'ont pas pu être copiés",
    untouched="Rien n'a été modifié dans la messagerie de départ.",
    automatic="Ce message est envoyé automatiquement à toutes les adresses concernées par la copie.",
    problems={
        "import/source-unreachable": "le serveur de départ est resté injoignable.",
        "import/target-unreachable": "le serveur de destination est resté injoignable.",
        "import/password-changed": "le mot de passe de l'adresse de départ n'est plus accepté.",
        "import/target-full": "l'espace de l'adresse de destination est plein.",
        "import/target-gone": "l'adresse de destination n'existe plus.",
        "import/password-expired": "elle est restée trop longtemps sans pouvoir continuer.",
    },
)
_ENGLISH = _Words(
    subject_done="Mailbox copy finished: {copied} messages copied",
    subject_failed="Mailbox copy stopped",
    done="The copy of the mailbox is finished.",
    failed="The copy of the mailbox stopped before its end: {problem} What was copied stays.",
    sources="From",
    target="To",
    copied="Messages copied",
    already_there="Messages that were there already, not copied again",
    failures="Messages that could not be copied",
    untouched="Nothing was changed in the mailbox that was copied.",
    automatic="This message is sent automatically to all addresses concerned by the copy.",
    problems={
        "import/source-unreachable": "the server of the source stayed out of reach.",
        "import/target-unreachable": "the server of the target stayed out of reach.",
        "import/password-changed": "the password of the source is no longer accepted.",
        "import/target-full": "the target mailbox is full.",
        "import/target-gone": "the target address no longer exists.",
        "import/password-expired": "it stood still for too long.",
    },
)
_OTHER_PROBLEM = {"fr": "une erreur est survenue de notre côté.", "en": "something went wrong on our side."}


def language_of(wanted: str) -> str:
    """Return the language a mail is written in: French where French is wanted, else English."""
    return "fr" if wanted.lower().partition("-")[0] == "fr" else "en"


def recipients(sources: Sequence[Source], target: Address) -> list[Address]:
    """Return every address concerned, each once, the target first."""
    named = [target, *(source.address for source in sources if source.address is not None)]
    return list(dict.fromkeys(named))


def compose(notice: Notice, job: CopyJob, *, sender: str) -> EmailMessage:
    """Return the mail; the same notice always gives the same Message-ID, so that a repetition can be recognised."""
    language = language_of(notice.language)
    words = _FRENCH if language == "fr" else _ENGLISH
    is_done = job.state is JobState.COMPLETED
    problem = words.problems.get(job.problem or "", _OTHER_PROBLEM[language])
    opening = words.done if is_done else words.failed.format(problem=problem)
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender
    mail["To"] = notice.recipient
    mail["Subject"] = (words.subject_done if is_done else words.subject_failed).format(copied=job.progress.copied)
    mail["Date"] = notice.ended_at
    mail["Message-ID"] = f"<import.{notice.id}@{_domain(sender)}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834 §5: no responder answers it
    facts = _facts(words, job)
    mail.set_content(_plain(words, opening, facts), cte="quoted-printable")
    mail.add_alternative(_html(words, opening, facts, language), subtype="html", cte="quoted-printable")
    mail["Content-Language"] = language  # at the end: what is said of the content before goes to its first part
    return mail


def _domain(sender: str) -> str:
    return sender.rpartition("@")[2].strip("> ") or "localhost.localdomain"


def _facts(words: _Words, job: CopyJob) -> list[tuple[str, str]]:
    progress: Progress = job.progress
    facts = [
        (words.sources, ", ".join(source.login for source in job.sources)),
        (words.target, job.target.address),
        (words.copied, str(progress.copied)),
        (words.already_there, str(progress.already_there)),
    ]
    return [*facts, (words.failures, str(progress.failed))]


def _plain(words: _Words, opening: str, facts: Sequence[tuple[str, str]]) -> str:
    colon = " : " if words is _FRENCH else ": "
    lines = [f"{name}{colon}{value}" for name, value in facts]
    return "\n".join([opening, "", *lines, "", words.untouched, "", words.automatic, ""])


def _html(words: _Words, opening: str, facts: Sequence[tuple[str, str]], language: str) -> str:
    rows = "".join(f"<tr><th align=left>{escape(name)}</th><td>{escape(value)}</td></tr>\n" for name, value in facts)
    return (
        f'<!doctype html>\n<html lang="{language}">\n'
        f'<head><meta charset="utf-8"><title>{escape(opening)}</title></head>\n'
        f"<body>\n<p>{escape(opening)}</p>\n<table>\n{rows}</table>\n"
        f"<p>{escape(words.untouched)}</p>\n<p><small>{escape(words.automatic)}</small></p>\n</body></html>\n"
    )
