"""A message's way, told step by step."""

from postroom_logs.correlation.deliveries import Attempt, DeliveryStatus
from postroom_logs.daemons.log_events import Attempted
from postroom_logs.deliveries.domain import Entry, Step, StepKind
from postroom_logs.lines.moments import moment_of


def timeline(entry: Entry) -> list[Step]:
    """Return the steps of an entry in the order of time: accepted, filtered, each attempt, what the mailbox did.

    Source: docs/promises.md#+logs-timeline
    """
    steps = [_accepted(entry)] if entry.queue_id else []
    steps += [
        Step(at=moment_of(at_us), kind=StepKind.FILTERED, details={"by": who, "said": what})
        for at_us, who, what in entry.notes
    ]
    if entry.spam_score is not None:
        details = {"by": "rspamd", "score": f"{entry.spam_score:g}", "said": entry.spam_action or ""}
        steps.append(Step(at=entry.first_at, kind=StepKind.FILTERED, details=details))
    steps += [_attempted(Attempt(at_us, Attempted(*said))) for at_us, *said in entry.attempts]
    steps += _outcome(entry)
    return sorted(steps, key=lambda step: step.at)


def _accepted(entry: Entry) -> Step:
    found = {
        "host": entry.host,
        "client_name": entry.client_name,
        "client_address": entry.client_address,
        "login": entry.login,
        "queue_id": entry.queue_id,
    }
    return Step(
        at=entry.first_at, kind=StepKind.ACCEPTED, details={name: value for name, value in found.items() if value}
    )


def _attempted(attempt: Attempt) -> Step:
    said = attempt.said
    details = {"status": said.status, "relay": said.relay, "dsn": said.dsn, "answer": said.text, "by": said.agent}
    return Step(at=moment_of(attempt.at_us), kind=StepKind.ATTEMPTED, details=details)


def _outcome(entry: Entry) -> list[Step]:
    steps = []
    if entry.folder is not None:
        steps.append(Step(at=entry.last_at, kind=StepKind.STORED, details={"folder": entry.folder}))
    steps += [Step(at=entry.last_at, kind=StepKind.FORWARDED, details={"to": target}) for target in entry.forwarded_to]
    if entry.answered:
        steps.append(Step(at=entry.last_at, kind=StepKind.ANSWERED, details={}))
    if entry.status is DeliveryStatus.REJECTED and not entry.attempts:
        details = {"answer": entry.answer, "dsn": entry.dsn, "client_address": entry.client_address or ""}
        steps.append(Step(at=entry.last_at, kind=StepKind.REFUSED, details=details))
    return steps
