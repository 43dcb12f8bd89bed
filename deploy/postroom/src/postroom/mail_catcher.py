"""Where the mail of the demo goes: every message is kept as a file, and local recipients get it in their mailbox."""

import asyncio
import smtplib
import time
from collections.abc import Callable
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

LARGEST_MESSAGE_BYTES = 25_000_000
KEPT_MESSAGES = 1000
KEPT_BYTES = 500_000_000
DELIVERY_TIMEOUT_S = 20.0


class MailCatcher:
    """An SMTP server on loopback that sends nothing on to the world.

    Args:
        folder: Of the `.eml` files; the oldest go when there are more than `KEPT_MESSAGES` or `KEPT_BYTES`.
        lmtp_port: Where the local mailboxes take mail; None when there are none.
        say: Prints a line for the person at the terminal.
    """

    def __init__(self, folder: Path, *, port: int, lmtp_port: int | None, say: Callable[[str], None]) -> None:
        self._folder = folder
        self._port = port
        self._lmtp_port = lmtp_port
        self._say = say
        self._server: asyncio.Server | None = None
        self._number = 0

    async def start(self) -> None:
        """Listen."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._protocol, "127.0.0.1", self._port)

    async def stop(self) -> None:
        """Stop listening; messages in hand are finished by their sessions."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    def _protocol(self) -> SMTP:
        return SMTP(self, hostname="localhost", data_size_limit=LARGEST_MESSAGE_BYTES, enable_SMTPUTF8=True)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        """Keep the message, deliver it to whoever of the recipients has a mailbox here, accept it in any case."""
        await asyncio.to_thread(self._keep, envelope)
        if self._lmtp_port is not None:
            await asyncio.to_thread(self._deliver, envelope, self._lmtp_port)
        return "250 2.0.0 kept"

    def _keep(self, envelope: Envelope) -> None:
        self._number += 1
        recipients = ", ".join(envelope.rcpt_tos)
        head = f"X-Postroom-Envelope-From: <{envelope.mail_from or ''}>\r\nX-Postroom-Envelope-To: {recipients}\r\n"
        name = f"{time.time():.6f}-{self._number}.eml"
        draft = self._folder / f".{name}"
        draft.write_bytes(head.encode() + _content(envelope))
        draft.rename(self._folder / name)
        self._drop_oldest()

    def _drop_oldest(self) -> None:
        kept = sorted(self._folder.glob("*.eml"), reverse=True)
        total = 0
        for number, file in enumerate(kept):
            total += file.stat().st_size
            if number >= KEPT_MESSAGES or total > KEPT_BYTES:
                file.unlink()

    def _deliver(self, envelope: Envelope, port: int) -> None:
        """Hand the message over by LMTP (RFC 2033); a recipient without a mailbox is refused there, and only kept."""
        try:
            with smtplib.LMTP("127.0.0.1", port, timeout=DELIVERY_TIMEOUT_S) as client:
                options = ["SMTPUTF8"] if envelope.smtp_utf8 else []
                client.sendmail(envelope.mail_from or "", envelope.rcpt_tos, _content(envelope), options)
        except smtplib.SMTPRecipientsRefused:
            return
        except (smtplib.SMTPException, OSError) as error:
            self._say(f"A message was kept in {self._folder} but not delivered: {error}")


def _content(envelope: Envelope) -> bytes:
    content = envelope.content or b""
    return content.encode() if isinstance(content, str) else content
