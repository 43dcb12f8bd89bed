"""`postroom-logs collect --file /var/log/mail.log`: bring a log of this machine straight into the database."""

import asyncio
import signal
from argparse import ArgumentParser, Namespace
from pathlib import Path
from zoneinfo import ZoneInfo

from postroom_logs.collecting.files import FollowedFile
from postroom_logs.ingestion.service import Ingestor
from postroom_logs.lines.steadiness import reading_steadily
from postroom_logs.manifest import MANIFEST
from postroom_logs.settings import LogsSettings
from postroom_shared.background import pause, running
from postroom_shared.database import create_engine, session_factory
from postroom_shared.service import Command


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--file", type=Path, required=True, help="the log that is written now; rotated ones are found")
    parser.add_argument("--name", help="the source's name, the same at each start (the file's path if not given)")
    parser.add_argument("--zone", type=ZoneInfo, default=ZoneInfo("UTC"), help="time zone of lines that name none")
    parser.add_argument("--once", action="store_true", help="stop at the end of the file instead of following it")


async def follow(ingestor: Ingestor, *, stopping: asyncio.Event, poll_s: float) -> None:
    """Bring everything in that is there and that comes, until *stopping*; a failure ends it."""
    await ingestor.open()
    with reading_steadily():
        while not stopping.is_set():
            if not await ingestor.step():
                await pause(stopping, poll_s)


async def _collect(settings: LogsSettings, arguments: Namespace) -> int:
    engine = create_engine(
        settings.database_url.get_secret_value(), schema=MANIFEST.schema, application="postroom-logs collect"
    )
    ingestor = Ingestor(
        session_factory(engine),
        FollowedFile(arguments.file),
        name=arguments.name or str(arguments.file.absolute()),
        zone=arguments.zone,
        batch_octets=settings.batch_octets,
    )
    try:
        if arguments.once:
            while await ingestor.step():
                pass
            return 0
        await _until_stopped(ingestor, settings)
    finally:
        await engine.dispose()
    return 0


async def _until_stopped(ingestor: Ingestor, settings: LogsSettings) -> None:
    stopping = asyncio.Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signal_number, stopping.set)
    task = ("collect", lambda: follow(ingestor, stopping=stopping, poll_s=settings.poll_s))
    async with running([task], stopping=stopping, grace_s=settings.shutdown_grace_s):
        await stopping.wait()


COLLECT = Command(
    name="collect",
    help="bring a mail log of this machine into the database and follow it",
    arguments=_arguments,
    carry_out=_collect,
)
