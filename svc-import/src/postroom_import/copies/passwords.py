"""Trying passwords: a plain login to the mailbox, before anything starts (docs/promises.md#import-password)."""

from collections.abc import Iterable

from postroom_import.copies.domain import Source, Target
from postroom_import.copies.errors import (
    EncryptionFailedError,
    NotImapError,
    SourceUnavailableError,
    TargetUnavailableError,
    WrongPasswordError,
)
from postroom_import.imap.authentication import PasswordCredentials
from postroom_import.imap.errors import (
    ImapAuthenticationError,
    ImapConnectionError,
    ImapError,
    ImapProtocolError,
    ImapRefusedError,
    ImapTlsError,
    ImapUsageError,
)
from postroom_import.imap_places import ImapPlace
from postroom_import.mail_access import MailAccess, MasterLogins, MasterLoginUnavailableError
from postroom_shared.security.dialling import HostRefusedError, HostUnreachableError

RETRY_AFTER_S = 30


async def try_password(access: MailAccess, source: Source, password: str) -> None:
    """Sign in to *source* and out again.

    Raises:
        HostRefusedError: People may not name this host.
        HostUnreachableError: It does not take the connection.
        EncryptionFailedError: It cannot be trusted.
        NotImapError: It is no IMAP server.
        WrongPasswordError: It does not take the password.
        SourceUnavailableError: It cannot tell now.
    """
    try:
        client = await access.open(source.place)
    except ImapTlsError as error:
        raise EncryptionFailedError from error
    except (ImapProtocolError, ImapConnectionError) as error:
        raise NotImapError from error
    try:
        await client.login(PasswordCredentials(source.login, password))
    except (ImapAuthenticationError, ImapUsageError) as error:
        raise WrongPasswordError from error
    except ImapProtocolError as error:
        raise NotImapError from error
    except (ImapConnectionError, ImapRefusedError) as error:
        raise SourceUnavailableError(retry_after_s=RETRY_AFTER_S) from error
    finally:
        await client.logout()


async def try_passwords(access: MailAccess, pairs: Iterable[tuple[Source, str]]) -> None:
    """Try the password of each source; see `try_password`, whose errors get the number of the source."""
    for place, (source, password) in enumerate(pairs):
        try:
            await try_password(access, source, password)
        except _NUMBERED as error:
            error.extra["source"] = place
            raise


_NUMBERED = (
    HostRefusedError,
    HostUnreachableError,
    EncryptionFailedError,
    NotImapError,
    WrongPasswordError,
    SourceUnavailableError,
)


async def try_target(access: MailAccess, logins: MasterLogins, target: Target, place: ImapPlace) -> None:
    """Open *target* as the workers will.

    Raises:
        TargetUnavailableError: Something needed for it does not answer.
    """
    try:
        login = await logins.of(target.mail_server_id)
        credentials = PasswordCredentials(login.user, login.secret, authorization=target.address)
        client = await access.sign_in(place, credentials)
    except (MasterLoginUnavailableError, ImapError) as error:
        raise TargetUnavailableError(retry_after_s=RETRY_AFTER_S) from error
    await client.logout()
