"""How the suite finds svc-import."""

from postroom_shared.manifest import ServiceManifest

MANIFEST = ServiceManifest(
    name="import",
    package="postroom_import",
    port_offset=2,
    api_prefixes=("/v1/imports",),
    consumes=("directory",),
    workers=("work",),
    projection=True,
    work_queue=True,
)
