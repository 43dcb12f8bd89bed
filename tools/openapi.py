"""Write docs/openapi.json from the code of all services, or check that it is what they say.

`python tools/openapi.py [--check] [--allow-breaking]`

A change that clients of the present document may fail on is refused unless `--allow-breaking` is given: then it belongs
under a new version, or the commit says why nobody can depend on it yet.
"""

import argparse
import json
import sys
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

from postroom_gateway.documentation.compatibility import breaking_changes
from postroom_gateway.documentation.public_document import build_public_document
from postroom_gateway.manifest import MANIFEST
from postroom_gateway.proxy.routes import installed_services
from postroom_gateway.sessions.cookies import CookieNames
from postroom_shared.http.app import build_api
from postroom_shared.manifest import ServiceManifest

TARGET = Path(__file__).parent.parent / "docs" / "openapi.json"


def _document(manifest: ServiceManifest) -> dict[str, Any]:
    document: dict[str, Any] = build_api(import_module(f"{manifest.package}.app").SERVICE).openapi()
    return document


def generated() -> str:
    """Return the document as JSON, the same text for the same code."""
    services = [each for each in installed_services(own_name=MANIFEST.name) if each.api_prefixes]
    document = build_public_document(
        _document(MANIFEST),
        [(each, _document(each)) for each in services],
        session_cookie=CookieNames(secure=True).access,
        version=version("postroom-shared"),
    )
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def main() -> int:
    """Carry out the command line; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 on a difference")
    parser.add_argument("--allow-breaking", action="store_true", help="write also what breaks clients")
    options = parser.parse_args()
    wanted = generated()
    present = TARGET.read_text() if TARGET.exists() else ""
    broken = breaking_changes(json.loads(present), json.loads(wanted)) if present else []
    for sentence in broken:
        print(f"breaking: {sentence}")
    if options.check:
        if wanted != present:
            print("docs/openapi.json is not what the code says; run `python tools/openapi.py`")
        return int(wanted != present)
    if broken and not options.allow_breaking:
        print("docs/openapi.json was not written; see --allow-breaking")
        return 1
    TARGET.write_text(wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main())
