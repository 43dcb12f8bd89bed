"""Storing messages: one MULTIAPPEND for a batch, or a window of APPENDs that nobody waits for one by one."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from postroom_import.imap.connection import Connection
from postroom_import.imap.encoding import LiteralMode
from postroom_import.imap.errors import ImapRefusedError
from postroom_import.imap.handover import PendingCommand, refused
from postroom_import.imap.names import MailboxName
from postroom_import.imap.outgoing import OutgoingMessage, append
from postroom_import.imap.results import AppendUid, Condition, Status

# APPENDs without an answer yet, when the server does not make us wait before each.
WINDOW = 100


class AppendMethod(Enum):
    """How a batch is stored."""

    TOGETHER = "MULTIAPPEND: all or nothing"
    WINDOW = "one APPEND each, sent without waiting for answers where the server lets us"
    ONE_BY_ONE = "one APPEND each, the next after the answer, and the server asks for each literal"


@dataclass(frozen=True, slots=True)
class AppendResult:
    """What became of one message.

    Args:
        uid: None when the server does not tell, or refused it.
        refusal: Why the server did not take it; None when it is stored.
    """

    uid: int | None = None
    refusal: ImapRefusedError | None = None


@dataclass(frozen=True, slots=True)
class AppendOutcome:
    """What became of a batch, message by message, in the order given.

    Args:
        uidvalidity: Of the mailbox the uids belong to; None when the server does not tell (RFC 4315).
    """

    uidvalidity: int | None
    results: tuple[AppendResult, ...]

    @property
    def refusal(self) -> ImapRefusedError | None:
        """The first refusal, if any."""
        return next((result.refusal for result in self.results if result.refusal), None)


def method_for(capabilities: frozenset[str]) -> AppendMethod:
    """Return the fastest way the server offers."""
    return AppendMethod.TOGETHER if "MULTIAPPEND" in capabilities else AppendMethod.WINDOW


async def append_messages(
    connection: Connection, name: MailboxName, messages: Sequence[OutgoingMessage], *, method: AppendMethod
) -> AppendOutcome:
    """Store *messages* in *name*.

    After an `ImapConnectionError` any of them may be stored, or none: the caller looks (see the journal of copies).
    When a body breaks off or has another size than announced, the connection is closed and that error is raised.
    """
    if not messages:
        return AppendOutcome(None, ())
    if method is AppendMethod.TOGETHER and len(messages) > 1:
        pending = await connection.submit(append(name, messages))
        return _outcome_of_all(await pending.status(), len(messages))
    if method is AppendMethod.ONE_BY_ONE:
        return await _append_each(connection, name, messages, window=1, mode=LiteralMode.SYNCHRONISING)
    return await _append_each(connection, name, messages, window=WINDOW, mode=None)


def _outcome_of_all(status: Status, count: int) -> AppendOutcome:
    if status.condition is not Condition.OK:
        return AppendOutcome(None, (AppendResult(refusal=refused(status)),) * count)
    if not isinstance(status.code, AppendUid) or status.code.uids.count() != count:
        return AppendOutcome(None, (AppendResult(),) * count)
    return AppendOutcome(status.code.uidvalidity, tuple(AppendResult(uid) for uid in status.code.uids))


async def _append_each(
    connection: Connection,
    name: MailboxName,
    messages: Sequence[OutgoingMessage],
    *,
    window: int,
    mode: LiteralMode | None,
) -> AppendOutcome:
    waiting: deque[PendingCommand] = deque()
    statuses: list[Status] = []
    for message in messages:
        if len(waiting) >= window:
            statuses.append(await waiting.popleft().status())
        waiting.append(await connection.submit(append(name, [message]), mode=mode))
    statuses += await asyncio.gather(*(pending.status() for pending in waiting))
    outcomes = [_outcome_of_all(status, 1) for status in statuses]
    uidvalidity = next((outcome.uidvalidity for outcome in outcomes if outcome.uidvalidity is not None), None)
    return AppendOutcome(uidvalidity, tuple(outcome.results[0] for outcome in outcomes))
