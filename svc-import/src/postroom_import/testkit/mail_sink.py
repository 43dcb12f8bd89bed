"""An SMTP server that keeps what it gets, refuses what it is told to refuse, and can die in the middle."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default


@dataclass
class MailSink:
    """What came in.

    Attributes:
        refusals: Recipient -> the reply to its RCPT.
        drop_after_data: How many times the connection dies between the message and the reply.
    """

    port: int = 0
    received: list[tuple[str, EmailMessage]] = field(default_factory=list)
    refusals: dict[str, str] = field(default_factory=dict)
    drop_after_data: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Talk to one client."""
        writer.write(b"220 sink\r\n")
        recipients: list[str] = []
        try:
            while line := (await reader.readline()).decode().strip():
                verb = line[:4].upper()
                if verb == "RCPT":
                    recipients.append(line.partition("<")[2].partition(">")[0])
                if verb == "DATA" and not await self._take(reader, writer, recipients):
                    return
                if verb != "DATA":
                    writer.write(self._reply(verb, recipients))
        except OSError:
            return
        finally:
            writer.close()

    def _reply(self, verb: str, recipients: list[str]) -> bytes:
        refusal = self.refusals.get(recipients[-1]) if verb == "RCPT" else None
        return f"{refusal or '250 ok'}\r\n".encode()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, recipients: list[str]) -> bool:
        writer.write(b"354 go on\r\n")
        content = await reader.readuntil(b"\r\n.\r\n")
        mail = message_from_bytes(content.removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n."), policy=default)
        self.received += [(recipient, mail) for recipient in recipients]
        if self.drop_after_data:
            self.drop_after_data -= 1
            return False
        writer.write(b"250 kept\r\n")
        return True


@asynccontextmanager
async def running_sink() -> AsyncIterator[MailSink]:
    """Run a sink on loopback while the body runs."""
    sink = MailSink()
    server = await asyncio.start_server(sink.serve, "127.0.0.1", 0, limit=1 << 20)
    async with server:
        sink.port = server.sockets[0].getsockname()[1]
        yield sink
