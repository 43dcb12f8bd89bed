"""What copies of mailboxes are told of in, in both languages."""

from collections.abc import Mapping
from dataclasses import dataclass

from postroom.command_line.languages import Texts


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """Of `postroom import`."""

    source_twice: str
    source_missing: str
    target_unknown: str
    accepted: str
    preparing: str
    folder_of: str
    rate: str
    left: str
    waiting: str
    lost: str
    goes_on: str
    ask_cancel: str
    cancelling: str
    summary: str
    kept_what_was_copied: str
    none: str
    columns: tuple[str, ...]
    folder_columns: tuple[str, ...]
    failures: str
    failure: str
    states: Mapping[str, str]
    folder_states: Mapping[str, str]
    reasons: Mapping[str, str]


WORDS = Texts(
    english=Words(
        source_twice="Give either --{prefix} or --{prefix}-host with --{prefix}-login, not both.",
        source_missing="Say what to copy: --{prefix} ADDRESS for an address of this mail server, or --{prefix}-host "
        "and --{prefix}-login for another provider's.",
        target_unknown="{wanted} is not attached to you here. Attached are: {choice}",
        accepted="Copy {id}: {sources} → {target}",
        preparing="preparing",
        folder_of="folder {done}/{total}",
        rate="{count}/s, {size}/s",
        left="{time} left",
        waiting="a mail server is out of reach",
        lost="no answer; the copy goes on",
        goes_on="The copy goes on without this command. `postroom import show {id}` tells how far it is.",
        ask_cancel="The copy runs in the suite, not here. Let it go on (Enter), or cancel it (c)? ",
        cancelling="Cancelling…",
        summary="{state}: {copied} copied, {already_there} already there, {failed} failed, in {duration}.",
        kept_what_was_copied="What was copied stays, and is not copied again.",
        none="There is no copy.",
        columns=("copy", "state", "from", "to", "messages", "failed", "begun"),
        folder_columns=("folder", "to", "state", "messages", "copied", "already there", "failed"),
        failures="Messages that could not be copied:",
        failure="{folder}, UID {uid}, {size}: {reason}",
        states={
            "queued": "waiting",
            "running": "running",
            "paused": "paused",
            "completed": "done",
            "failed": "failed",
            "cancelled": "cancelled",
        },
        folder_states={
            "planned": "to come",
            "copying": "being copied",
            "done": "done",
            "refused": "refused",
        },
        reasons={
            "too_big": "too large for the target",
            "refused": "refused by the target",
            "empty": "empty",
            "connection_breaks": "the connection breaks at it",
        },
    ),
    french=Words(
        source_twice="Donnez soit --{prefix}, soit --{prefix}-host avec --{prefix}-login, pas les deux.",
        source_missing="Dites quoi copier : --{prefix} ADRESSE pour une adresse de ce serveur de messagerie, ou "
        "--{prefix}-host et --{prefix}-login pour celle d'un autre fournisseur.",
        target_unknown="{wanted} ne vous est pas attachée ici. Vous sont attachées : {choice}",
        accepted="Copie {id} : {sources} → {target}",
        preparing="préparation",
        folder_of="dossier {done}/{total}",
        rate="{count}/s, {size}/s",
        left="encore {time}",
        waiting="serveur de messagerie injoignable",
        lost="sans réponse ; la copie continue",
        goes_on="La copie se poursuit sans cette commande. `postroom import show {id}` dit où elle en est.",
        ask_cancel="La copie se fait dans la suite, pas ici. La laisser continuer (Entrée) ou l'annuler (a) ? ",
        cancelling="Annulation…",
        summary="{state} : {copied} copiés, {already_there} déjà présents, {failed} en échec, en {duration}.",
        kept_what_was_copied="Ce qui a été copié reste en place et ne sera pas copié une seconde fois.",
        none="Il n'y a aucune copie.",
        columns=("copie", "état", "depuis", "vers", "messages", "échecs", "début"),
        folder_columns=("dossier", "vers", "état", "messages", "copiés", "déjà présents", "échecs"),
        failures="Messages qui n'ont pas pu être copiés :",
        failure="{folder}, UID {uid}, {size} : {reason}",
        states={
            "queued": "en attente",
            "running": "en cours",
            "paused": "en pause",
            "completed": "terminée",
            "failed": "échouée",
            "cancelled": "annulée",
        },
        folder_states={
            "planned": "à venir",
            "copying": "en copie",
            "done": "terminé",
            "refused": "refusé",
        },
        reasons={
            "too_big": "trop grand pour la destination",
            "refused": "refusé par la destination",
            "empty": "vide",
            "connection_breaks": "la connexion se rompt sur lui",
        },
    ),
)
