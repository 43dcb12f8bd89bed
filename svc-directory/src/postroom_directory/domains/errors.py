"""What the directory refuses about domains."""

from postroom_shared.errors import ConflictError, NotFoundError


class DomainNotFoundError(NotFoundError):
    """The mail service has no such domain."""

    slug = "directory/domain-not-found"
    title = "The mail service has no such domain"


class DomainTakenError(ConflictError):
    """The domain belongs to a mail service already, of this organisation or of another."""

    slug = "directory/domain-taken"
    title = "The domain belongs to a mail service already"


class DomainInUseError(ConflictError):
    """Addresses, aliases, keys or alias domains depend on it."""

    slug = "directory/domain-in-use"
    title = "Something still depends on this domain"


class DomainIsAliasError(ConflictError):
    """An alias domain has nothing of its own: neither addresses nor alias domains, and it is never the primary one."""

    slug = "directory/domain-is-alias"
    title = "This is an alias domain"


class DomainIsPrimaryError(ConflictError):
    """The primary domain can be taken away only together with its mail service."""

    slug = "directory/domain-is-primary"
    title = "This is the primary domain of the mail service"
