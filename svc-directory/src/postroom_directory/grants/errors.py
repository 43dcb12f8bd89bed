"""What is refused about grants."""

from postroom_shared.errors import ConflictError


class GrantExistsError(ConflictError):
    """The person holds a grant on the address already; change that one."""

    slug = "directory/grant-exists"
    title = "This address is already attached to this person"
