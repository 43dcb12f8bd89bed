"""What is refused about memberships."""

from postroom_shared.errors import ConflictError, ForbiddenError


class RoleNotYoursError(ForbiddenError):
    """Only owners and legal representatives name, change or remove owners and legal representatives."""

    slug = "directory/role-not-yours"
    title = "Only an owner or legal representative may do this"


class LastOwnerError(ConflictError):
    """An organisation always has an owner."""

    slug = "directory/last-owner"
    title = "This is the organisation's last owner"


class AlreadyMemberError(ConflictError):
    """The person belongs to the organisation already, or is invited."""

    slug = "directory/already-member"
    title = "This person already belongs to the organisation"


class AlreadyAcceptedError(ConflictError):
    """The invitation was accepted before."""

    slug = "directory/already-accepted"
    title = "This invitation was accepted before"
