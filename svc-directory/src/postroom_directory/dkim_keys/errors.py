"""What the directory refuses about DKIM keys."""

from postroom_shared.errors import ConflictError, NotFoundError


class DkimKeyNotFoundError(NotFoundError):
    """The mail service has no such key."""

    slug = "directory/dkim-key-not-found"
    title = "The mail service has no such DKIM key"


class SelectorTakenError(ConflictError):
    """The domain has a key with this selector; a selector is never used twice."""

    slug = "directory/selector-taken"
    title = "The domain has a key with this selector"


class DkimKeyStateError(ConflictError):
    """The key's state does not allow this: retired keys stay retired, and an active one is not deleted."""

    slug = "directory/dkim-key-state"
    title = "The key's state does not allow this"
