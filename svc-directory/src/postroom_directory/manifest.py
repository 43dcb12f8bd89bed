"""How the suite finds svc-directory."""

from postroom_shared.manifest import ServiceManifest

MANIFEST = ServiceManifest(
    name="directory",
    package="postroom_directory",
    port_offset=1,
    api_prefixes=(
        "/v1/organisations",
        "/v1/people",
        "/v1/memberships",
        "/v1/mail-servers",
        "/v1/mail-services",
        "/v1/addresses",
        "/v1/redirections",
        "/v1/aliases",
        "/v1/grants",
        "/v1/delegations",
        "/v1/me",
    ),
)
