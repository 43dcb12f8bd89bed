"""What the demo's mailboxes hold: made from a seed, French and English, in folders as people really have them. Pure."""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from postroom.demo.cast import COPY_TARGET, DOMAIN, MAILBOXES, DemoMailbox

FOLDERS = {
    "fr": (
        "Projets",
        "Projets/Équipe",
        "Projets/Équipe/Réunions & notes",
        "Projets/Été 2026",
        "Factures",
        "Factures/Payées",
        "Clients/Zürich",
        "Café du lundi",
    ),
    "en": ("Customers", "Customers/Genève", "Customers/Zürich", "Travel", "Invoices", "Invoices/Paid"),
}
STANDARD = ("INBOX", "Sent", "Drafts", "Archive")
_WEIGHTS = {"INBOX": 8, "Sent": 4, "Drafts": 1, "Archive": 2}
_SUBJECTS = {
    "fr": (
        "Réunion de jeudi",
        "Offre n° {n}",
        "Facture {n}",
        "Compte rendu de la séance",
        "Question sur la livraison",
        "Congés d'été",
        "Mise à jour du site",
        "Proposition pour le café du lundi",
        "Rapport trimestriel",
        "Contrat à signer",
        "Déménagement du bureau à Zürich",
    ),
    "en": (
        "Thursday's meeting",
        "Quote {n}",
        "Invoice {n}",
        "Minutes of our call",
        "A question about delivery",
        "Summer holidays",
        "Website update",
        "Quarterly report",
        "Contract for signature",
        "Travel to Genève",
    ),
}
_SENTENCES = {
    "fr": (
        "Merci pour votre message.",
        "Vous trouverez le document en pièce jointe.",
        "Pourriez-vous confirmer la date d'ici vendredi ?",
        "La livraison est prévue la semaine prochaine.",
        "J'ai relu le contrat et n'ai pas de remarque.",
        "Le montant s'élève à CHF {n}.-, TVA comprise.",
        "L'équipe se réunit à 9 h dans la grande salle.",
        "N'hésitez pas à m'appeler si quelque chose n'est pas clair.",
        "Le client préfère la deuxième variante.",
        "À bientôt, et bon week-end !",
    ),
    "en": (
        "Thank you for your message.",
        "Please find the document attached.",
        "Could you confirm the date by Friday?",
        "Delivery is planned for next week.",
        "I have read the contract and have no remarks.",
        "The total is CHF {n}, VAT included.",
        "The team meets at 9 in the large room.",
        "Do call me if anything is unclear.",
        "The customer prefers the second option.",
        "See you soon, and enjoy the weekend!",
    ),
}
_OUTSIDE = (
    ("Sophie Lambert", "sophie.lambert@example.org"),
    ("Urs Brändli", "urs.braendli@example.org"),
    ("Claire O'Neill", "claire@example.net"),
    ("Giulia Rossi", "giulia.rossi@example.net"),
    ("Façonnage Léman", "bureau@example.org"),
)
_INSIDE = tuple((each.display_name, each.address) for each in MAILBOXES[:5])


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """One message where it lies.

    Attributes:
        folder: Levels are joined by "/".
        message_id: The same at every making, so that a making that was interrupted finds what is there.
    """

    folder: str
    message_id: str
    content: bytes = field(repr=False)
    flags: tuple[str, ...]
    at: datetime


def folders_of(mailbox: DemoMailbox) -> tuple[str, ...]:
    """Return the folders of a demo mailbox, parents first."""
    return (*STANDARD, *FOLDERS[mailbox.language])


def letters_of(mailbox: DemoMailbox, *, now: datetime) -> list[Letter]:
    """Return the messages of a demo mailbox, oldest first, all but their dates the same each time.

    Args:
        mailbox: Whose.
        now: The newest is of this hour; the oldest of 14 months before.
    """
    if mailbox.address == COPY_TARGET:
        leaver = next(each for each in MAILBOXES if each.local_part == "jean")
        return [each for each in letters_of(leaver, now=now) if each.folder == "INBOX"][:12]
    dice = random.Random(f"demo {mailbox.address}")  # noqa: S311 - repeatable, no secret
    folders = folders_of(mailbox)
    weights = [_WEIGHTS.get(name, 3) for name in folders]
    moments = sorted(dice.random() ** 2 * 430 for _ in range(mailbox.messages))
    chosen = dice.choices(folders, weights, k=mailbox.messages)
    return [
        _letter(dice, mailbox, number=number, folder=folder, at=now - timedelta(days=days))
        for number, (folder, days) in enumerate(zip(chosen, reversed(moments), strict=True))
    ]


def _letter(dice: random.Random, mailbox: DemoMailbox, *, number: int, folder: str, at: datetime) -> Letter:
    own = (mailbox.display_name, mailbox.address)
    other = dice.choice([each for each in (*_OUTSIDE, *_INSIDE) if each != own])
    is_sent = folder in {"Sent", "Drafts"}
    sender, recipient = (own, other) if is_sent else (other, own)
    mail = EmailMessage(policy=SMTP)
    mail["Message-ID"] = f"<demo-{number}.{mailbox.local_part}@{DOMAIN}>"
    mail["Date"] = format_datetime(at)
    mail["From"], mail["To"] = (f'"{name}" <{address}>' for name, address in (sender, recipient))
    amount = dice.randrange(100, 9900)
    subject = dice.choice(_SUBJECTS[mailbox.language]).format(n=amount)
    mail["Subject"] = f"Re: {subject}" if number and dice.random() < 0.3 else subject
    if mail["Subject"].startswith("Re:"):
        mail["In-Reply-To"] = f"<demo-{dice.randrange(number)}.{mailbox.local_part}@{DOMAIN}>"
    _write(dice, mail, mailbox.language, closing=sender[0], amount=amount)
    return Letter(
        folder=folder,
        message_id=mail["Message-ID"],
        content=mail.as_bytes(),
        flags=_flags(dice, folder),
        at=at,
    )


def _write(dice: random.Random, mail: EmailMessage, language: str, *, closing: str, amount: int) -> None:
    chosen = dice.sample(_SENTENCES[language], k=dice.randint(2, 6))
    text = "\n\n".join([*(each.format(n=amount) for each in chosen), closing])
    mail.set_content(text + "\n")
    kind = dice.random()
    if kind < 0.4:
        paragraphs = "".join(f"<p>{each}</p>" for each in text.split("\n\n"))
        mail.add_alternative(f"<!doctype html><html><body>{paragraphs}</body></html>\n", subtype="html")
    elif kind < 0.55:
        rows = "".join(f"{row};{dice.randrange(1000)}\n" for row in range(dice.randint(5, 60)))
        mail.add_attachment(rows, subtype="csv", filename="Relevé détaillé.csv")
    elif kind < 0.65:
        mail.add_attachment(
            dice.randbytes(dice.randint(2_000, 60_000)),
            maintype="application",
            subtype="octet-stream",
            filename=f"document-{amount}.bin",
        )


def _flags(dice: random.Random, folder: str) -> tuple[str, ...]:
    if folder == "Drafts":
        return ("\\Draft", "\\Seen")
    flags = [] if folder == "INBOX" and dice.random() < 0.25 else ["\\Seen"]
    for flag, chance in (("\\Answered", 0.2), ("\\Flagged", 0.08), ("$Forwarded", 0.05), ("$label1", 0.04)):
        if dice.random() < chance:
            flags.append(flag)
    return tuple(flags)
