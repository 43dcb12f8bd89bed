"""What copies of mailboxes refuse, and how they fail; a page for each in docs/problems/import."""

from http import HTTPStatus

from postroom_shared.errors import ConflictError, NotFoundError, PayloadError, ProblemError, UnavailableError


class SameMailboxError(ConflictError):
    """Two of the mailboxes are one."""

    slug = "import/same-mailbox"
    title = "Source and target are the same mailbox"


class TargetNotAttachedError(NotFoundError):
    """The target is not an address attached to the person in the acting organisation."""

    slug = "import/target-not-attached"
    title = "This address is not attached to you here"


class TargetWithoutMailboxError(PayloadError):
    """The target only passes mail on."""

    slug = "import/target-without-mailbox"
    title = "This address has no mailbox"


class NotLocalAddressError(PayloadError):
    """No mail service of this installation answers for the domain of the source."""

    slug = "import/not-local"
    title = "This address is not on this mail server"


class WrongPasswordError(PayloadError):
    """The source does not take the password, or has no such mailbox: the two are answered alike."""

    slug = "import/wrong-password"
    title = "The mailbox does not accept this password"


class NotImapError(PayloadError):
    """Something answers at that host and port, and it is not an IMAP server."""

    slug = "import/not-imap"
    title = "There is no IMAP server there"


class EncryptionFailedError(PayloadError):
    """The connection could not be encrypted, or the certificate is not to be trusted."""

    slug = "import/encryption-failed"
    title = "No trusted encrypted connection to this server"


class SourceUnavailableError(UnavailableError):
    """The source's server says that it cannot tell now."""

    slug = "import/source-unavailable"
    title = "The source cannot be opened at the moment"


class TargetDisabledError(ConflictError):
    """The target is switched off: nobody can open it until that changes."""

    slug = "import/target-disabled"
    title = "This address is switched off"


class TargetUnavailableError(UnavailableError):
    """The target's mail server, or what is needed to reach it, does not answer now."""

    slug = "import/target-unavailable"
    title = "The target cannot be opened at the moment"


class AlreadyRunningError(ConflictError):
    """A copy from this source to this target is not over yet."""

    slug = "import/already-running"
    title = "This copy is already under way"


class CopyNotFoundError(NotFoundError):
    """There is no such copy, or it is somebody else's."""

    slug = "import/copy-not-found"
    title = "There is no such copy here"


class WrongStateError(ConflictError):
    """The copy is in a state that does not allow this."""

    slug = "import/wrong-state"
    title = "The state of the copy does not allow this"


class PasswordNeededError(PayloadError):
    """The passwords were erased; give them again."""

    slug = "import/password-needed"
    title = "Give the passwords of the sources again"


class FailedCopyError(ProblemError):
    """How a copy fails after it was accepted: such a problem stands in the job, no request is answered with it."""

    status = HTTPStatus.CONFLICT


class SourceUnreachableError(FailedCopyError):
    """The source was out of reach for too long."""

    slug = "import/source-unreachable"
    title = "The source was out of reach for too long"


class TargetUnreachableError(FailedCopyError):
    """The target was out of reach for too long."""

    slug = "import/target-unreachable"
    title = "The target was out of reach for too long"


class PasswordChangedError(FailedCopyError):
    """The source no longer takes the password."""

    slug = "import/password-changed"
    title = "The source no longer accepts the password"


class TargetFullError(FailedCopyError):
    """The target has no room left."""

    slug = "import/target-full"
    title = "The target mailbox is full"


class TargetGoneError(FailedCopyError):
    """The target address no longer exists."""

    slug = "import/target-gone"
    title = "The target address no longer exists"


class PasswordExpiredError(FailedCopyError):
    """Nothing went on for so long that the passwords were erased."""

    slug = "import/password-expired"
    title = "The copy stood still for too long"


class CopyBrokenError(FailedCopyError):
    """A fault of the suite's own; the log has the trace under the id of the job."""

    slug = "import/broken"
    title = "Something went wrong on our side"


FAILURES: dict[str, type[FailedCopyError]] = {
    error.slug: error
    for error in (
        SourceUnreachableError,
        TargetUnreachableError,
        PasswordChangedError,
        TargetFullError,
        TargetGoneError,
        PasswordExpiredError,
        CopyBrokenError,
    )
}
"""How a copy can fail, by slug."""
