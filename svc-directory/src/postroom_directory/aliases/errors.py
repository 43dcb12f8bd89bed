"""What the directory refuses about aliases."""

from postroom_shared.errors import ConflictError, NotFoundError


class AliasNotFoundError(NotFoundError):
    """The address has no such alias."""

    slug = "directory/alias-not-found"
    title = "The address has no such alias"


class TooManyAliasesError(ConflictError):
    """The address has as many aliases as one may have."""

    slug = "directory/too-many-aliases"
    title = "The address has too many aliases"
