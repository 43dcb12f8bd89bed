"""Check that code cites only promises that exist, and list the promises no code cites yet.

usage: check_promises.py        exit 1 when an anchor is cited that docs/promises.md does not have
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CITED = re.compile(r"docs/promises\.md#(\+?[a-z0-9-]+)")
DECLARED = re.compile(r"^\| (\+?[a-z0-9-]+) \|", re.MULTILINE)
FOLDERS = ("shared", "gateway", "svc-*", "deploy", "tests")


def declared() -> set[str]:
    """Return the anchors of docs/promises.md."""
    return set(DECLARED.findall((ROOT / "docs/promises.md").read_text())) - {"anchor"}


def citations() -> dict[str, list[str]]:
    """Return each cited anchor with the places that cite it, `path:line`."""
    found: dict[str, list[str]] = {}
    for pattern in FOLDERS:
        for path in sorted(file for folder in ROOT.glob(pattern) for file in folder.rglob("*.py")):
            for number, line in enumerate(path.read_text().splitlines(), 1):
                for anchor in CITED.findall(line):
                    found.setdefault(anchor, []).append(f"{path.relative_to(ROOT)}:{number}")
    return found


def main() -> int:
    """Print what is wrong and what is not yet cited."""
    anchors, cited = declared(), citations()
    unknown = sorted(set(cited) - anchors)
    for anchor in unknown:
        print(f"{cited[anchor][0]}: docs/promises.md has no promise {anchor!r}")
    open_promises = sorted(anchors - set(cited))
    print(f"promises: {len(anchors & set(cited))} of {len(anchors)} cited; not yet: {', '.join(open_promises)}")
    return 1 if unknown else 0


if __name__ == "__main__":
    sys.exit(main())
