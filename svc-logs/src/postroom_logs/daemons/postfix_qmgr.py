"""Postfix qmgr: a message's life in the queue; pickup, postsuper and bounce beside it."""

import re
from typing import Final

from postroom_logs.daemons.log_events import (
    NOT_UNDERSTOOD,
    Expired,
    Held,
    Notified,
    PickedUp,
    Queued,
    Reading,
    Released,
    Removed,
)
from postroom_logs.daemons.postfix_delivery import read_attempt
from postroom_logs.daemons.postfix_words import ADDRESS, is_queue_id, noise_or_unread
from postroom_logs.daemons.registration import Program, reads

_QUEUED: Final = re.compile(rf"(\w+): from=<({ADDRESS})>, size=(\d+), nrcpt=")
_EXPIRED: Final = re.compile(rf"(\w+): from=<(?:{ADDRESS})>, status=(?:force-)?expired")
_NOTIFIED: Final = re.compile(r"(\w+): \w+ (non-delivery|delay|delivery status|.*) notification: (\w+)")
_PICKED_UP: Final = re.compile(r"(\w+): uid=\d+ from=<([^>]*)>")
_new: Final = tuple.__new__
"""Makes a named tuple in half the time of its own constructor: one line in six comes here."""


@reads("*/qmgr", "*/oqmgr", "*/nqmgr")
def read_qmgr(text: str, program: Program) -> Reading:
    """Read a line of qmgr(8)."""
    if text.endswith(": removed"):
        return _new(Removed, (text[:-9],))
    queued = _QUEUED.match(text)
    if queued is not None:
        queue_id, sender, size = queued.groups()
        return _new(Queued, (queue_id, sender, int(size)))
    expired = _EXPIRED.match(text)
    if expired is not None:
        return Expired(expired[1])
    queue_id, _, rest = text.partition(": ")
    if rest.startswith("to=<"):
        return read_attempt(text, program)
    if is_queue_id(queue_id):
        return None if rest.startswith(("skipped", "canceled")) else NOT_UNDERSTOOD
    return noise_or_unread(text)


@reads("*/bounce")
def read_bounce(text: str, _program: Program) -> Reading:
    """Read a line of bounce(8): `QID: sender non-delivery notification: CHILD`."""
    found = _NOTIFIED.match(text)
    if found is None:
        return noise_or_unread(text)
    queue_id, kind, child = found.groups()
    return Notified(queue_id, child, kind)


@reads("*/pickup")
def read_pickup(text: str, _program: Program) -> Reading:
    """Read a line of pickup(8): `QID: uid=0 from=<root>`."""
    found = _PICKED_UP.match(text)
    return PickedUp(*found.groups()) if found is not None else noise_or_unread(text)


@reads("*/postsuper")
def read_postsuper(text: str, _program: Program) -> Reading:
    """Read a line of postsuper(1): what an operator did to a message."""
    queue_id, _, what = text.partition(": ")
    if not is_queue_id(queue_id):
        return None
    if what.startswith("removed"):
        return Removed(queue_id)
    if what.startswith("placed on hold"):
        return Held(queue_id)
    if what.startswith(("released", "requeued")):
        return Released(queue_id)
    return None if what.startswith("expired") else NOT_UNDERSTOOD


@reads(
    "*/anvil",
    "*/tlsproxy",
    "*/verify",
    "*/scache",
    "*/master",
    "*/proxymap",
    "*/trivial-rewrite",
    "*/tlsmgr",
    "*/dnsblog",
    "*/postlogd",
    "*/postfix-script",
    "*/postdrop",
    "*/sendmail",
    "*/flush",
    "*/showq",
    "*/postqueue",
    "*/postalias",
    "*/postmap",
    "*/postmulti",
    "*/postkick",
)
def read_quiet(_text: str, _program: Program) -> Reading:
    """Daemons of Postfix that never say anything about a delivery."""
    return None
