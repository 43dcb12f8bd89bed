"""The mail catcher keeps every message, delivers to local mailboxes, and never fills the disk."""

import asyncio
import imaplib
import smtplib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from postroom import mail_catcher
from postroom.mail_catcher import MailCatcher
from postroom_shared.localservers.ports import free_port
from postroom_shared.testkit import MAILBOX_PASSWORD, TestDovecot

MESSAGE = b"From: a@example.test\r\nSubject: hello\r\n\r\nbody\r\n.dot\r\n"


@pytest_asyncio.fixture(loop_scope="session")
async def port(tmp_path: Path, dovecot: TestDovecot) -> AsyncIterator[int]:
    chosen = free_port()
    catcher = MailCatcher(tmp_path, port=chosen, lmtp_port=dovecot.ports.lmtp, say=_fail)
    await catcher.start()
    yield chosen
    await catcher.stop()


async def _send(port: int, *recipients: str) -> None:
    def send() -> None:
        with smtplib.SMTP("127.0.0.1", port) as client:
            client.sendmail("sender@example.test", recipients, MESSAGE)

    await asyncio.to_thread(send)


def _fail(complaint: str) -> None:
    raise AssertionError(complaint)


def _kept(folder: Path) -> list[Path]:
    return list(folder.glob("*.eml"))


async def test_a_message_is_kept_with_its_envelope_and_delivered_to_the_mailbox(
    port: int, tmp_path: Path, dovecot: TestDovecot
):
    address = dovecot.new_address()

    await _send(port, address)

    (kept,) = _kept(tmp_path)
    assert kept.read_bytes().endswith(MESSAGE)
    assert f"X-Postroom-Envelope-To: {address}\r\n".encode() in kept.read_bytes()
    client = imaplib.IMAP4(dovecot.host, dovecot.ports.imap, timeout=10)
    client.login(address, MAILBOX_PASSWORD)
    assert client.select() == ("OK", [b"1"])
    client.logout()


async def test_a_message_is_kept_although_the_mailboxes_are_down(tmp_path: Path):
    nobody_listens = free_port()
    said: list[str] = []
    catcher = MailCatcher(tmp_path, port=free_port(), lmtp_port=nobody_listens, say=said.append)
    await catcher.start()

    await _send(catcher._port, "somebody@elsewhere.test")

    assert len(_kept(tmp_path)) == 1
    assert "not delivered" in said[0]
    await catcher.stop()


async def test_the_oldest_messages_go_when_there_are_too_many(
    port: int, tmp_path: Path, dovecot: TestDovecot, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(mail_catcher, "KEPT_MESSAGES", 2)

    for _ in range(4):
        await _send(port, dovecot.new_address())

    assert len(_kept(tmp_path)) == 2
