"""What is refused about people."""

from postroom_shared.errors import ConflictError, ForbiddenError, NotFoundError, PayloadError


class SharedAccountError(ConflictError):
    """The person belongs to other organisations too: only they themselves or the operator change the account."""

    slug = "directory/shared-account"
    title = "This account belongs to several organisations"


class LastOperatorError(ConflictError):
    """An installation always has an operator who can sign in."""

    slug = "directory/last-operator"
    title = "This is the last operator"


class WeakPasswordError(PayloadError):
    """The password is easy to guess."""

    slug = "directory/weak-password"
    title = "This password is too easy to guess"


class WrongPasswordError(ForbiddenError):
    """The present password is not right. Wrong ones count like those of sign-ins."""

    slug = "directory/wrong-password"
    title = "The present password is wrong"


class PasswordLinkError(NotFoundError):
    """The link was used, replaced by a newer one, or is too old."""

    slug = "directory/password-link"
    title = "This link is no longer good"


class OrganisationMissingError(PayloadError):
    """An operator who acts in no organisation must name the one to invite to; a role needs an organisation."""

    slug = "directory/organisation-missing"
    title = "Name the organisation and the role together"
