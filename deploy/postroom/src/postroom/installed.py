"""The services of the suite that are installed here, found by their entry points."""

from collections.abc import Collection
from importlib.metadata import entry_points

from postroom_shared.localservers.errors import ServerMissingError
from postroom_shared.manifest import ServiceManifest

GROUP = "postroom.services"


def installed_services(only: Collection[str] = ()) -> list[ServiceManifest]:
    """Return the manifests in the order of their ports; those named in *only* when it is not empty.

    Raises:
        ServerMissingError: A named service, or every service, is not installed.
    """
    manifests: list[ServiceManifest] = [entry.load() for entry in entry_points(group=GROUP)]
    unknown = set(only) - {each.name for each in manifests}
    if unknown or not manifests:
        missing = ", ".join(sorted(unknown)) or "every service of Postroom"
        raise ServerMissingError(
            f"Not installed here: {missing}. `pip install postroom[all]` installs the whole suite."
        )
    chosen = [each for each in manifests if not only or each.name in only]
    return sorted(chosen, key=lambda each: each.port_offset)
