"""The page at `/docs`: our own frame around Swagger UI, from a package of its files (docs/adr/0050-swagger-ui.md)."""

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from postroom_gateway.border.errors import NothingHereError

CARRIER = "fastapi_swagger"
"""Only its files are used; its code is never imported."""

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Postroom API</title>
<link rel="icon" href="/docs/favicon.png">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="documentation"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""
_FILES = {
    "swagger-ui-bundle.js": (CARRIER, "resources/swagger-ui-bundle.js", "text/javascript"),
    "swagger-ui.css": (CARRIER, "resources/swagger-ui.css", "text/css"),
    "favicon.png": (CARRIER, "resources/favicon-32x32.png", "image/png"),
    "start.js": ("postroom_gateway", "documentation/start.js", "text/javascript"),
}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file of the page."""

    content: bytes
    media_type: str


@cache
def _known_asset(name: str) -> Asset:
    package, path, media_type = _FILES[name]
    return Asset((_folder(package) / path).read_bytes(), media_type)


def asset(name: str) -> Asset:
    """Return the file *name* of the page.

    Raises:
        NothingHereError: The page has no such file.
    """
    if name not in _FILES:
        raise NothingHereError
    return _known_asset(name)


def _folder(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError(f"the package {package} is not installed")
    return Path(spec.submodule_search_locations[0])
