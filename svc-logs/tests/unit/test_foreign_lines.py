"""Lines of real hosts: every delivery is understood, and other parsers read the same fields."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from postroom_logs.correlation.correlator import Correlator
from postroom_logs.daemons import log_events as said
from postroom_logs.daemons.replies import split_reply
from postroom_logs.lines.reading import LineReader, read_header

DATA = Path(__file__).parent.parent / "data"
LATEST = datetime(2026, 11, 25, tzinfo=UTC)
_FIELD = re.compile(
    r'results\["(s00-raw|s01-parse)"\]\["[^"]+"\]\[(\d+)\]\.Evt\.(?:Parsed|Meta|Unmarshaled\["\w+"\])\["(\w+)"\]'
    r'(?:\[\d*:\])? == "(.*)"'
)


def lines_of(path: Path):
    return [line for line in path.read_text().replace("%(day)s", "Nov 16").split("\n") if line.strip()]


def reader():
    return LineReader(zone=UTC, latest=LATEST, host="exim-host")


def asserted(folder: str, stage: str):
    """Return the fields that crowdsec's parser reads from each line it understands, in their order."""
    fields = {}
    for line in (DATA / "crowdsec" / folder / "parser.assert").read_text().split("\n"):
        found = _FIELD.match(line)
        if found and found[1] == stage:
            value = found[4].encode().decode("unicode_escape") if "\\" in found[4] else found[4]
            fields.setdefault(int(found[2]), {}).setdefault(found[3], value)
    return [fields[number] for number in sorted(fields)]


ALL = sorted(DATA.glob("*/*.log")) + sorted(DATA.glob("*/*/*.log"))


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.parent.name)
def test_every_line_with_a_delivery_status_is_understood(path: Path):
    source = reader()
    with_status = [line for line in lines_of(path) if " status=" in line]

    found = [source.read(line) for line in with_status]

    assert all(isinstance(line.event, said.Attempted) for line in found)
    assert source.unknowns.total == 0


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.parent.name)
def test_no_other_line_is_left_without_being_understood(path: Path):
    source = reader()

    for line in lines_of(path):
        source.read(line)

    assert [unknown.samples for unknown in source.unknowns] == []


@pytest.mark.parametrize("folder", ["postfix-logs", "amavis-logs", "postscreen-logs"])
def test_headers_are_read_as_crowdsec_reads_them(folder: str):
    lines = lines_of(next((DATA / "crowdsec" / folder).glob("*.log")))

    headers = [read_header(line, zone=UTC, latest=LATEST) for line in lines]

    assert [{"machine": h.host, "program": h.program, "pid": h.process_id} for h in headers] == [
        {name: fields[name] for name in ("machine", "program", "pid")} for fields in asserted(folder, "s00-raw")
    ]


def as_crowdsec(event: Any):
    """Return an event's fields under crowdsec's names, as far as it has them."""
    if isinstance(event, said.Refused):
        reply = split_reply(event.text)
        return {
            "action": event.action, "command": event.stage, "remote_host": event.client_name,
            "remote_addr": event.client_address, "smtp_basic_status_code": reply.code,
            "smtp_enhanced_status_code": reply.enhanced, "reason": reply.reason, "from": _bracketed(event.sender),
            "to": _bracketed(event.recipient), "proto": event.protocol, "source_ip": event.client_address,
            "source_dns": event.client_name or None, "source_port": event.client_port, "source_user": event.sender,
            "target_user": event.recipient, "source_helo": event.helo,
        }  # fmt: skip
    if isinstance(event, said.LoginFailed):
        return {
            "remote_host": event.client_name, "remote_addr": event.client_address,
            "message_failure": f" {event.reason}", "source_ip": event.client_address,
            "source_port": event.client_port, "source_helo": event.helo, "source_dns": event.client_name,
            "target_user": event.user, "dovecot_user": event.user, "dovecot_remote_ip": event.client_address,
            "dovecot_login_message": event.reason, "dovecot_user_backend": event.backend, "protocol": event.service,
        }  # fmt: skip
    if isinstance(event, said.LoggedIn):
        return {"dovecot_user": event.user, "dovecot_remote_ip": event.client_address, "protocol": event.service}
    if isinstance(event, said.Misbehaved):
        return {
            "remote_host": event.client_name, "remote_addr": event.client_address, "command": event.detail,
            "port": event.client_port, "message_attempt": event.detail, "source_ip": event.client_address,
            "source_dns": event.client_name, "source_port": event.client_port,
        }  # fmt: skip
    assert isinstance(event, said.Filtered)
    return {
        "amavis_acions": event.effects, "amavis_action": event.action, "amavis_category": event.verdict,
        "amavis_elapsedtime": str(event.elapsed_ms), "amavis_from": event.sender, "amavis_id": event.task,
        "amavis_match": event.finding, "amavis_quarantine": event.quarantine,
        "amavis_relay_ip": event.client_address, "amavis_size": str(event.size_bytes),
        "amavis_to": event.recipients[0], "src_port": event.client_port,
    }  # fmt: skip


def _bracketed(address: str | None) -> str | None:
    return None if address is None else f"<{address}>"


@pytest.mark.parametrize("folder", ["postfix-logs", "amavis-logs", "postscreen-logs", "dovecot-logs", "exim-logs"])
def test_every_field_that_both_name_is_equal_to_crowdsecs(folder: str):
    source = reader()
    lines = lines_of(next((DATA / "crowdsec" / folder).glob("*.log")))
    expected = asserted(folder, "s01-parse")
    assert len(expected) == len(lines)

    compared = 0
    for line, theirs in zip(lines, expected, strict=True):
        ours = {name: value for name, value in as_crowdsec(source.read(line).event).items() if value is not None}
        common = ours.keys() & theirs.keys()
        compared += len(common)
        assert {name: ours[name] for name in common} == {name: theirs[name] for name in common}, line
    assert compared >= 3 * len(lines)


def test_modoboas_log_gives_one_delivery_for_each_real_attempt():
    source, correlator = reader(), Correlator()

    source.read_into(lines_of(DATA / "modoboa" / "mail.log"), correlator.feed)

    deliveries = correlator.changes()
    assert len([d for d in deliveries if d.queue_id]) == 20  # 22 lines with a status, two of them probes
    assert len([d for d in deliveries if not d.queue_id]) == 6
    assert {d.client_address for d in deliveries if d.client_address == "127.0.0.1"} <= {"127.0.0.1"}
    folders = [d.folder for d in deliveries if d.folder]
    assert "notifications" in folders
    assert "Koalabs" in folders
    assert [d.status for d in deliveries if d.folder == "Junk"] == ["junk"]
