"""What goes wrong between a service and its copy of the directory. None of these reaches an HTTP client."""


class ProjectionError(Exception):
    """Anything that keeps the copy from being brought up to date."""


class DirectoryUnavailableError(ProjectionError):
    """svc-directory does not answer, or does not accept this service's identity."""


class UnreadableStateError(ProjectionError):
    """svc-directory answered with something this release does not understand."""
