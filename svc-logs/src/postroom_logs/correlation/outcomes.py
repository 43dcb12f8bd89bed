"""What the mailbox server did with a message it was handed, joined with the mail server's line about the hand-over.

Dovecot writes its lines before Postfix writes `status=sent`; when they come from different hosts the order is open.
"""

from typing import Final, Generic, Protocol, TypeVar

from postroom_logs.daemons.log_events import Attempted, MailboxActed

PENDING: Final = 5_000
"""Hand-overs that wait for their other half; the oldest are given up."""
_SHOWN: Final = 70
"""Characters of a Message-ID that are compared: Pigeonhole shows 80 at most (str_sanitize)."""
T = TypeVar("T")
V = TypeVar("V")


class Outcome:
    """What was done with one message for one mailbox, in one session."""

    folder: str | None = None
    forwarded_to: tuple[str, ...] = ()
    discarded: bool = False
    refused: bool = False
    answered: bool = False

    def __init__(self, user: str) -> None:
        """Begin with nothing done."""
        self.user = user

    def add(self, acted: MailboxActed) -> None:
        """Take one more line into account; a message may be stored, forwarded and answered at once."""
        action = acted.action
        if action == "stored":
            self.folder = acted.target
        elif action == "forwarded":
            self.forwarded_to = (*self.forwarded_to, acted.target)
        elif action == "discarded":
            self.discarded = True
        elif action == "refused":
            self.refused = True
        elif action == "answered":
            self.answered = True


class Asker(Generic[T]):
    """Who handed a message over before the mailbox server's line came."""

    __slots__ = ("name", "outcome", "user")

    def __init__(self, name: T, *, user: str, outcome: Outcome | None = None) -> None:
        """Wait for what becomes of *user*'s copy."""
        self.name = name
        self.user = user
        self.outcome = outcome


class HandOvers(Generic[T]):
    """Both halves of hand-overs to the mailbox server, until they meet; `T` names who asks.

    They meet by the LMTP session, or by Message-ID and user where there is none (dovecot-lda). Several recipients of
    one session are told apart by their names; where Dovecot knows a user by another name, by their order.
    """

    def __init__(self) -> None:
        self.acted: dict[str, list[Outcome]] = {}
        self.asked: dict[str, list[Asker[T]]] = {}

    def note(self, event: MailboxActed) -> Asker[T] | None:
        """Note what the mailbox server did; return who has asked for it already."""
        name = event.session or _by_message(event.message_id, event.user)
        if self.asked and name in self.asked:
            asker = _of_user(self.asked[name], event.user)
            if asker.outcome is None:
                asker.outcome = Outcome(event.user)
            asker.outcome.add(event)
            return asker
        known = self.acted.get(name)
        if known is None:
            _make_room(self.acted)
            outcome = Outcome(event.user)
            self.acted[name] = [outcome]
        else:
            outcome = next((outcome for outcome in known if outcome.user == event.user), Outcome(event.user))
            if outcome not in known:
                known.append(outcome)
        outcome.add(event)
        return None

    def claim(self, attempt: Attempted, message_id: str | None, asker: T) -> Outcome | None:
        """Return what the mailbox server did with an attempt's message; without an answer yet, *asker* waits."""
        session = _session_in(attempt.text)
        name = session or _by_message(message_id or "", attempt.recipient)
        known = self.acted.pop(name, None)
        if known:
            if len(known) == 1:
                return known[0]
            outcome = _of_user(known, attempt.recipient)
            known.remove(outcome)
            self.acted[name] = known
            return outcome
        if session:
            if name not in self.asked:
                _make_room(self.asked)
            self.asked.setdefault(name, []).append(Asker(asker, user=attempt.recipient))
        return None


class _WithUser(Protocol):
    @property
    def user(self) -> str: ...


U = TypeVar("U", bound=_WithUser)


def _of_user(candidates: list[U], user: str) -> U:
    for candidate in candidates:
        if candidate.user == user:
            return candidate
    wanted = user.lower()
    return next((candidate for candidate in candidates if candidate.user.lower() == wanted), candidates[0])


def _make_room(waiting: dict[str, V]) -> None:
    if len(waiting) >= PENDING:
        del waiting[next(iter(waiting))]


def _by_message(message_id: str, user: str) -> str:
    return f"{message_id[:_SHOWN]} {user.lower()}"


def _session_in(text: str) -> str:
    """Return the session in Dovecot's `250 2.0.0 <user@domain> SESSION Saved`."""
    return text[:-6].rpartition(" ")[2] if text.endswith(" Saved") else ""
