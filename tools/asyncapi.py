"""Write docs/events/asyncapi.yaml from the payload models, or check that it is what they say.

`python tools/asyncapi.py [--check]`
"""

import argparse
import difflib
import sys
from importlib.metadata import entry_points, version
from pathlib import Path

import yaml
from typing_extensions import override

from postroom_shared.events.asyncapi import document
from postroom_shared.manifest import ServiceManifest

TARGET = Path(__file__).parent.parent / "docs" / "events" / "asyncapi.yaml"


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as blocks and repeats equal parts instead of naming them."""

    @override
    def ignore_aliases(self, data: object) -> bool:
        """Return that no part is named."""
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)


def generated() -> str:
    """Return the document as YAML, the same text for the same models."""
    manifests: list[ServiceManifest] = [entry.load() for entry in entry_points(group="postroom.services")]
    content = document(manifests, version=version("postroom-shared"))
    return yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


def main() -> int:
    """Write or check; return the exit code."""
    parser = argparse.ArgumentParser(description="Write docs/events/asyncapi.yaml from the payload models.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when the file differs")
    wanted = generated()
    if not parser.parse_args().check:
        TARGET.parent.mkdir(parents=True, exist_ok=True)
        TARGET.write_text(wanted, encoding="utf-8")
        return 0
    present = TARGET.read_text(encoding="utf-8") if TARGET.exists() else ""
    sys.stdout.writelines(
        difflib.unified_diff(present.splitlines(keepends=True), wanted.splitlines(keepends=True), "committed", "models")
    )
    return int(present != wanted)


if __name__ == "__main__":
    sys.exit(main())
