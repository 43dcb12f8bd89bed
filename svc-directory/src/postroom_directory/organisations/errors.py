"""What is refused about organisations."""

from postroom_shared.errors import ConflictError


class OrganisationNotEmptyError(ConflictError):
    """It still has mail services."""

    slug = "directory/organisation-not-empty"
    title = "The organisation still has mail services"


class OrganisationStateError(ConflictError):
    """It is already in that state, or gone."""

    slug = "directory/organisation-state"
    title = "The organisation's state does not allow this"
