"""How the suite finds the gateway."""

from postroom_shared.manifest import ServiceManifest

MANIFEST = ServiceManifest(
    name="gateway",
    package="postroom_gateway",
    port_offset=0,
    consumes=("directory",),
    projection=True,
)
