"""How the suite finds svc-logs."""

from postroom_shared.manifest import ServiceManifest

MANIFEST = ServiceManifest(
    name="logs",
    package="postroom_logs",
    port_offset=3,
    api_prefixes=("/v1/logs",),
    consumes=("directory", "import"),
    projection=True,
)
