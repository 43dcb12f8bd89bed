"""Which service answers a path: by the manifests of what is installed."""

from collections.abc import Iterable, Mapping
from importlib.metadata import entry_points

from postroom_shared.manifest import ServiceManifest

ENTRY_POINTS = "postroom.services"


def installed_services(*, own_name: str) -> list[ServiceManifest]:
    """Return the manifests of the installed services but *own_name*, in the order of their ports."""
    manifests: list[ServiceManifest] = [entry.load() for entry in entry_points(group=ENTRY_POINTS)]
    return sorted((each for each in manifests if each.name != own_name), key=lambda each: each.port_offset)


def upstream_urls(manifests: Iterable[ServiceManifest], *, given: Mapping[str, str], base_port: int) -> dict[str, str]:
    """Return where each service answers, without a final slash.

    Args:
        manifests: Of the services with public routes.
        given: The setting; it may name services that are not installed here as well, which are left out.
        base_port: The gateway's own port, to which a service's offset is added.
    """
    return {
        each.name: given.get(each.name, f"http://127.0.0.1:{base_port + each.port_offset}").rstrip("/")
        for each in manifests
    }


class RouteTable:
    """Longest prefix wins, at the borders of path segments: `/v1/mail` does not take `/v1/mail-servers`.

    Raises:
        ValueError: Two services claim one prefix.
    """

    def __init__(self, manifests: Iterable[ServiceManifest]) -> None:
        claims: dict[str, str] = {}
        for manifest in manifests:
            for prefix in manifest.api_prefixes:
                if claims.setdefault(prefix, manifest.name) != manifest.name:
                    raise ValueError(f"{prefix} is claimed by {claims[prefix]} and {manifest.name}")
        self._prefixes = sorted(claims.items(), key=lambda claim: len(claim[0]), reverse=True)

    def find(self, path: str) -> tuple[str, str] | None:
        """Return name of the service and the prefix that answer *path*, or None when nobody but the gateway may."""
        for prefix, name in self._prefixes:
            if path.startswith(prefix) and (len(path) == len(prefix) or path[len(prefix)] in "/:"):
                return name, prefix
        return None
