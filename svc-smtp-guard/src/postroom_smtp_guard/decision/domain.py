"""What a decision consists of. The members' values are stable keys: logs, the API and translations use them."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What becomes of the message."""

    ALLOW = "allow"
    MISMATCH = "mismatch"
    """It can be read, and names a sender that is not the login's."""
    UNREADABLE = "unreadable"
    """It can be read in no way or in several."""


class Field(StrEnum):
    """Where a sender is named."""

    ENVELOPE = "envelope"
    HEADER = "header"
    FROM = "from"
    SENDER = "sender"
    RESENT_FROM = "resent_from"
    RESENT_SENDER = "resent_sender"

    @property
    def label(self) -> str:
        """The field as people see it in their program, `Resent-From`."""
        if self is Field.ENVELOPE:
            return "MAIL FROM"
        return "-".join(word.capitalize() for word in self.value.split("_"))


class Rule(StrEnum):
    """What was looked at."""

    OWNED = "owned"
    ADDRESS_SYNTAX = "address_syntax"
    NEEDS_SMTPUTF8 = "needs_smtputf8"
    NOT_NORMALISED = "not_normalised"
    SEVERAL_ADDRESSES = "several_addresses"
    SENDER_REQUIRED = "sender_required"
    MISSING = "missing"
    DUPLICATE = "duplicate"
    FIELD_TOO_LONG = "field_too_long"
    BROKEN_LINE = "broken_line"
    BARE_LINE_ENDING = "bare_line_ending"
    CONTROL_CHARACTER = "control_character"
    HIDDEN_FIELD = "hidden_field"
    CHARACTER_SET = "character_set"


class Remedy(StrEnum):
    """What the person can do."""

    NONE = "none"
    ADD_ALIAS = "add_alias"
    ASK_FOR_SEND_AS = "ask_for_send_as"
    ONE_ADDRESS = "one_address"
    SET_FROM = "set_from"
    SET_SENDER = "set_sender"
    CHANGE_PROGRAM = "change_program"
    SWITCH_ON_SMTPUTF8 = "switch_on_smtputf8"


class Grant(StrEnum):
    """Why an address is a valid sender."""

    OWN = "own"
    ALIAS = "alias"
    DOMAIN_ALIAS = "domain_alias"
    SHARED = "shared"
    SEND_AS = "send_as"
    SEND_ON_BEHALF = "send_on_behalf"
    DOMAIN = "domain"
    SUB_ADDRESS = "sub_address"
    CATCH_ALL = "catch_all"
    NULL_SENDER = "null_sender"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        address: The address in question, in the form that is compared; None when none could be read.
        position: Octets before the place that fails: in MAIL FROM's address, or in the header block.
        grant: Why it passes.
    """

    verdict: Verdict
    field: Field
    rule: Rule
    address: str | None = None
    position: int = 0
    remedy: Remedy = Remedy.NONE
    grant: Grant | None = None

    @property
    def passed(self) -> bool:
        """Whether it is as it must be."""
        return self.verdict is Verdict.ALLOW


@dataclass(frozen=True, slots=True)
class Decision:
    """All checks in the order in which they were made; the first that fails decides."""

    checks: tuple[Check, ...]

    @property
    def failed(self) -> Check | None:
        """The check that decides against the message."""
        return next((check for check in self.checks if not check.passed), None)

    @property
    def verdict(self) -> Verdict:
        """What becomes of the message."""
        failed = self.failed
        return failed.verdict if failed else Verdict.ALLOW


class UnreadableError(Exception):
    """Something has no reading, or more than one.

    Args:
        rule: What it breaks.
        position: Where, in what was read.
    """

    def __init__(self, rule: Rule, position: int = 0) -> None:
        super().__init__(rule)
        self.rule = rule
        self.position = position
