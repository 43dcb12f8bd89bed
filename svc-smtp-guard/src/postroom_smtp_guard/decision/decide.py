"""The decision: may this login send with this envelope sender and this header?"""

from postroom_smtp_guard.decision.domain import Check, Decision, Field, Grant, Remedy, Rule, UnreadableError, Verdict
from postroom_smtp_guard.decision.header import NamingField, naming_fields
from postroom_smtp_guard.decision.mailboxes import read_mailboxes
from postroom_smtp_guard.decision.paths import comparable
from postroom_smtp_guard.decision.senders import ValidSenders

_REMEDIES = {
    Rule.NEEDS_SMTPUTF8: Remedy.SWITCH_ON_SMTPUTF8,
    Rule.MISSING: Remedy.SET_FROM,
    Rule.ADDRESS_SYNTAX: Remedy.SET_FROM,
}
OWN_GRANTS = frozenset({Grant.OWN, Grant.ALIAS, Grant.DOMAIN_ALIAS, Grant.SUB_ADDRESS})


def decide(senders: ValidSenders, *, envelope: bytes, header: bytes, utf8: bool = False) -> Decision:
    """Judge a whole message.

    Args:
        senders: What the login may send as.
        envelope: The path of MAIL FROM without its angle brackets; empty is the null sender (RFC 5321 §4.5.5).
        header: The raw header block, without dot-stuffing.
        utf8: Whether the client announced SMTPUTF8.

    Source: docs/promises.md#sender-envelope, docs/promises.md#sender-header
    """
    checks = (check_envelope(senders, envelope, utf8=utf8), *check_header(senders, header, utf8=utf8))
    return Decision(checks)


def check_envelope(senders: ValidSenders, path: bytes, *, utf8: bool = False) -> Check:
    """Judge MAIL FROM alone, so that it can be answered at once.

    Source: docs/promises.md#sender-envelope
    """
    if not path:
        return Check(Verdict.ALLOW, Field.ENVELOPE, Rule.OWNED, address="", grant=Grant.NULL_SENDER)
    try:
        address = comparable(path.decode("utf-8"), utf8=utf8)
    except UnicodeDecodeError as error:
        return _unreadable(Field.ENVELOPE, UnreadableError(Rule.CHARACTER_SET, error.start))
    except UnreadableError as error:
        return _unreadable(Field.ENVELOPE, error)
    return _ownership(senders, Field.ENVELOPE, address, position=0)


def check_header(senders: ValidSenders, header: bytes, *, utf8: bool = False) -> tuple[Check, ...]:
    """Judge the header alone: From exactly once and owned, Sender and the Resent- fields owned where they stand.

    Source: docs/promises.md#sender-header
    """
    try:
        fields = naming_fields(header)
    except UnreadableError as error:
        return (_unreadable(Field.HEADER, error),)
    if len(fields) == 1 and fields[0].field is Field.FROM:
        return (_check_from(senders, fields[0], None, utf8=utf8),)
    return _check_all(senders, fields, utf8=utf8)


def _check_all(senders: ValidSenders, fields: list[NamingField], *, utf8: bool) -> tuple[Check, ...]:
    froms = [each for each in fields if each.field is Field.FROM]
    from_field_senders = [each for each in fields if each.field is Field.SENDER]
    if not froms:
        return (Check(Verdict.UNREADABLE, Field.FROM, Rule.MISSING, remedy=Remedy.SET_FROM),)
    for several in (froms, from_field_senders):
        if len(several) > 1:
            second = several[1]
            return (_unreadable(second.field, UnreadableError(Rule.DUPLICATE, second.position)),)
    sender = from_field_senders[0] if from_field_senders else None
    others = [each for each in fields if each.field is not Field.FROM]
    return (
        _check_from(senders, froms[0], sender, utf8=utf8),
        *(_check_owned(senders, each, utf8=utf8) for each in others),
    )


def _check_from(senders: ValidSenders, found: NamingField, sender: NamingField | None, *, utf8: bool) -> Check:
    check = _check_owned(senders, found, utf8=utf8)
    if check.passed or check.rule is not Rule.OWNED or check.address not in senders.on_behalf:
        return check
    # RFC 5322 §3.6.2: who sends for another stands in Sender.
    own = sender and _check_owned(senders, sender, utf8=utf8)
    if own and own.grant in OWN_GRANTS:
        return Check(Verdict.ALLOW, found.field, Rule.OWNED, check.address, check.position, grant=Grant.SEND_ON_BEHALF)
    return Check(Verdict.MISMATCH, found.field, Rule.SENDER_REQUIRED, check.address, check.position, Remedy.SET_SENDER)


def _check_owned(senders: ValidSenders, found: NamingField, *, utf8: bool) -> Check:
    try:
        mailboxes = read_mailboxes(found.value, utf8=utf8)
    except UnreadableError as error:
        return _unreadable(found.field, UnreadableError(error.rule, found.position + error.position))
    if len(mailboxes) > 1:
        # Receivers refuse them (RFC 7489 §6.6.1), and programs show only one of them.
        second = mailboxes[1]
        position = found.position + second.position
        return Check(
            Verdict.MISMATCH, found.field, Rule.SEVERAL_ADDRESSES, second.address, position, Remedy.ONE_ADDRESS
        )
    only = mailboxes[0]
    return _ownership(senders, found.field, only.address, position=found.position + only.position)


def _ownership(senders: ValidSenders, field: Field, address: str, *, position: int) -> Check:
    if grant := senders.grant_for(address):
        return Check(Verdict.ALLOW, field, Rule.OWNED, address, position, grant=grant)
    domains = {name.rpartition("@")[2] for name in senders.addresses}
    remedy = Remedy.ADD_ALIAS if address.rpartition("@")[2] in domains else Remedy.ASK_FOR_SEND_AS
    return Check(Verdict.MISMATCH, field, Rule.OWNED, address, position, remedy)


def _unreadable(field: Field, error: UnreadableError) -> Check:
    remedy = _REMEDIES.get(error.rule, Remedy.CHANGE_PROGRAM)
    return Check(Verdict.UNREADABLE, field, error.rule, position=error.position, remedy=remedy)
