"""The adversarial cases, judged by the decision alone."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from postroom_smtp_guard.decision.decide import decide
from postroom_smtp_guard.decision.domain import Field, Grant, Verdict
from postroom_smtp_guard.decision.header import header_of
from postroom_smtp_guard.decision.senders import ValidSenders

DATA = Path(__file__).parent.parent / "data/sender-cases.jsonl"
CASES = [json.loads(line) for line in DATA.read_text().splitlines()]
VERDICTS = {"allow": Verdict.ALLOW, "reject": Verdict.MISMATCH, "reject_syntax": Verdict.UNREADABLE}


@pytest.mark.parametrize("case", [c for c in CASES if c["scope"] == "message"], ids=lambda case: case["id"])
def test_a_case_is_judged_as_expected(case: dict[str, Any]) -> None:
    senders = ValidSenders.of(case["auth_user"], [(alias, Grant.ALIAS) for alias in case["aliases"]])

    decision = decide(
        senders,
        envelope=case["mail_from"].encode(),
        header=header_of(base64.b64decode(case["head"])),
        utf8=case["smtp_utf8"],
    )

    assert decision.verdict is VERDICTS[case["expected"]], decision.checks


def test_a_foreign_from_passes_on_behalf_when_sender_is_the_login() -> None:
    case = next(c for c in CASES if c["id"] == "mm-on-behalf")
    senders = ValidSenders.of(case["auth_user"], on_behalf=["ceo@example.org"])
    header = header_of(base64.b64decode(case["head"]))

    decision = decide(senders, envelope=case["mail_from"].encode(), header=header)

    assert decision.verdict is Verdict.ALLOW
    assert {check.field: check.grant for check in decision.checks}[Field.FROM] is Grant.SEND_ON_BEHALF
