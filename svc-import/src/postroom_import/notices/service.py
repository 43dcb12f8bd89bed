"""Writing and sending confirmation mails: at least once, and a crash repeats one at most once."""

import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import aiosmtplib
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from postroom_import.copies.domain import CopyJob
from postroom_import.copies.repository import CopyJobs
from postroom_import.notices.domain import Notice, compose, recipients
from postroom_import.notices.repository import Notices
from postroom_import.settings import ImportSettings
from postroom_shared.background import pause
from postroom_shared.database import bind_organisation
from postroom_shared.events.waiting import growing_delay_s
from postroom_shared.principal import SystemPrincipal
from postroom_shared.projection import mail_service_of_domain
from postroom_shared.service import Runtime
from postroom_shared.values import Address, uuid7

HOLD = timedelta(minutes=5)
MOST_ATTEMPTS = 20
LONGEST_RETRY_S = 4 * 3600.0
IDLE_S = 2.0
_BATCH = 20
_MOST_WORDS = 300
_TIMEOUT_S = 30.0

log = structlog.get_logger()


async def have_told(session: AsyncSession, job: CopyJob, *, ended_at: datetime) -> None:
    """Have everybody concerned told, in the commit that ends *job*."""
    notices = [
        Notice(
            id=uuid7(),
            organisation_id=job.organisation_id,
            job_id=job.id,
            ended_at=ended_at,
            recipient=recipient,
            language=await _language(session, recipient, otherwise=job.language),
        )
        for recipient in recipients(job.sources, job.target.address)
    ]
    await Notices(session, SystemPrincipal(organisation_id=job.organisation_id)).add(notices)


async def _language(session: AsyncSession, recipient: Address, *, otherwise: str) -> str:
    """Return the language of the address's mail service, or of who asked when it has none here."""
    service = await mail_service_of_domain(session, recipient.domain)
    return service.language if service else otherwise


class NoticeSender:
    """Hands confirmation mails in until the process stops; several processes may do it."""

    def __init__(self, runtime: Runtime[ImportSettings]) -> None:
        self._runtime = runtime
        self._settings = runtime.settings

    async def run(self) -> None:
        """Send what is due, again and again."""
        while not self._runtime.stopping.is_set():
            if not await self.send_due():
                await pause(self._runtime.stopping, IDLE_S)

    async def send_due(self) -> int:
        """Send what is due now; return how many mails that were."""
        async with self._runtime.sessions() as session, session.begin():
            await bind_organisation(session, SystemPrincipal())
            due = await Notices(session, SystemPrincipal()).take_due(limit=_BATCH, hold=HOLD)
            jobs = [await CopyJobs(session, SystemPrincipal()).find(notice.job_id) for notice, _ in due]
        for (notice, attempts), job in zip(due, jobs, strict=True):
            if job is not None:
                await self._send(notice, job, attempts)
        return len(due)

    async def _send(self, notice: Notice, job: CopyJob, attempts: int) -> None:
        mail = compose(notice, job, sender=self._settings.mail_from)
        try:
            await self._hand_in(mail, [notice.recipient])
        except aiosmtplib.SMTPRecipientsRefused as error:
            await self._refused(notice, attempts, [each.code for each in error.recipients], str(error))
        except aiosmtplib.SMTPResponseException as error:
            await self._refused(notice, attempts, [error.code], error.message)
        except (aiosmtplib.SMTPException, OSError) as error:
            log.warning("import.notice_not_sent", job_id=str(job.id), error=type(error).__name__)
            await self._postpone(notice, attempts)
        else:
            await self._store(notice, "mark_sent", at=datetime.now(UTC))
            log.info("import.notice_sent", job_id=str(job.id), notice_id=str(notice.id))

    async def _hand_in(self, mail: EmailMessage, recipients_: Sequence[Address]) -> None:
        settings = self._settings
        password = settings.smtp_password.get_secret_value() if settings.smtp_password else None
        await aiosmtplib.send(
            mail,
            recipients=list(recipients_),
            hostname=settings.smtp_host,
            port=settings.smtp_port,
            use_tls=settings.smtp_tls == "implicit",
            start_tls=settings.smtp_tls == "starttls",
            tls_context=None if settings.smtp_tls == "none" else self._tls(),
            username=settings.smtp_login,
            password=password,
            timeout=_TIMEOUT_S,
        )

    def _tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if self._settings.tls_ca_file is not None:
            context.load_verify_locations(self._settings.tls_ca_file)
        return context

    async def _refused(self, notice: Notice, attempts: int, codes: Sequence[int], words: str) -> None:
        """Give up where the server says that it never will (RFC 5321 §4.2.1: 5yz), else try later."""
        log.warning("import.notice_refused", job_id=str(notice.job_id), codes=list(codes))
        if codes and all(code >= 500 for code in codes):
            await self._store(notice, "give_up", refusal=words[:_MOST_WORDS])
        else:
            await self._postpone(notice, attempts)

    async def _postpone(self, notice: Notice, attempts: int) -> None:
        if attempts + 1 >= MOST_ATTEMPTS:
            await self._store(notice, "give_up", refusal="too many attempts")
            return
        delay = growing_delay_s(attempts + 1, first_s=self._settings.notice_retry_s, longest_s=LONGEST_RETRY_S)
        await self._store(notice, "postpone", until=datetime.now(UTC) + timedelta(seconds=delay))

    async def _store(self, notice: Notice, change: str, **values: object) -> None:
        async with self._runtime.sessions() as session, session.begin():
            await bind_organisation(session, SystemPrincipal(organisation_id=notice.organisation_id))
            notices = Notices(session, SystemPrincipal(organisation_id=notice.organisation_id))
            await getattr(notices, change)(notice, **values)
