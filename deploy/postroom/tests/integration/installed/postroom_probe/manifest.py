"""What the probe says of itself."""

from postroom_shared.manifest import ServiceManifest

MANIFEST = ServiceManifest(name="probe", package="postroom_probe", port_offset=19, workers=("work",))
