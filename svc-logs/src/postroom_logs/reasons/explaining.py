"""From a delivery to the reason of its status."""

import re
from typing import Final

from postroom_logs.correlation.deliveries import Delivery, DeliveryStatus
from postroom_logs.daemons.replies import name_and_address
from postroom_logs.reasons.patterns import BY_ENHANCED_CODE, PATTERNS
from postroom_logs.reasons.reason import Reason, ReasonKey

_ASKED_BY_US: Final = "said: "
_IN_BRACKETS: Final = re.compile(r"<[^<>]*>")
_SIMPLE: Final = {
    DeliveryStatus.FILTERED: ReasonKey.FILTERED,
    DeliveryStatus.HELD: ReasonKey.HELD,
    DeliveryStatus.DISCARDED: ReasonKey.DISCARDED,
    DeliveryStatus.EXPIRED: ReasonKey.EXPIRED,
}
_NEVER_FINAL: Final = {ReasonKey.SERVER_BUSY, ReasonKey.NEW_CLIENT}
_NO_REMOTE: Final = {"", "local", "virtual", "none", "discard"}


def explain(delivery: Delivery) -> Reason:
    """Return why *delivery* has its status.

    Source: docs/promises.md#logs-status-tooltip
    """
    status = delivery.status
    if status in _SIMPLE:
        return Reason(_SIMPLE[status], {})
    if status is DeliveryStatus.DELIVERED:
        return _delivered(delivery)
    if status is DeliveryStatus.JUNK:
        return Reason(ReasonKey.JUNK, {"folder": delivery.folder or ""})
    if status is DeliveryStatus.FORWARDED:
        return _forwarded(delivery)
    if status is DeliveryStatus.REJECTED and delivery.attempts:
        return Reason(ReasonKey.REFUSED_BY_RULE, {})
    return explain_refusal(delivery.text, dsn=delivery.dsn, relay=delivery.relay)


def explain_refusal(text: str, *, dsn: str, relay: str) -> Reason:
    """Return what an SMTP answer means: its words decide, then its enhanced code, then whether it is final.

    Addresses in the answer are not its words: anyone may call a mailbox `virus`.
    """
    spoken = _IN_BRACKETS.sub("", text.partition(_ASKED_BY_US)[2] or text)
    final = dsn.startswith("5") if dsn else spoken.startswith("5")
    for key, pattern in PATTERNS:
        found = pattern.search(spoken)
        if found is not None and not (final and key in _NEVER_FINAL):
            return Reason(key, _parameters(key, found, relay))
    by_code = BY_ENHANCED_CODE.get(dsn.partition(".")[2])
    if by_code is not None:
        return Reason(by_code, _host(relay))
    return Reason(ReasonKey.REFUSED if final else ReasonKey.REFUSED_FOR_NOW, _host(relay))


def _parameters(key: ReasonKey, found: re.Match[str], relay: str) -> dict[str, str]:
    if key is ReasonKey.LISTED:
        return {"list": next((name for name in found.groupdict().values() if name), "")}
    return _host(relay)


def _host(relay: str) -> dict[str, str]:
    name, _ = name_and_address(relay)
    return {"host": "" if name in _NO_REMOTE else name}


def _delivered(delivery: Delivery) -> Reason:
    if delivery.folder:
        return Reason(ReasonKey.DELIVERED_TO_FOLDER, {"folder": delivery.folder})
    host = _host(delivery.relay)["host"]
    if host and delivery.attempts and delivery.attempts[-1].said.agent in {"smtp", "remote_smtp"}:
        return Reason(ReasonKey.DELIVERED_TO_REMOTE, {"host": host})
    return Reason(ReasonKey.DELIVERED, {})


def _forwarded(delivery: Delivery) -> Reason:
    if delivery.forwarded_to:
        return Reason(ReasonKey.FORWARDED, {"target": ", ".join(delivery.forwarded_to)})
    return Reason(ReasonKey.FORWARDED_BY_ALIAS, {})
