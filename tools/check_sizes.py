"""Check the size limit of the style guide: a file of more than 500 lines is two features.

usage: check_sizes.py        exit 1 when a file is longer
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIMIT = 500


def main() -> int:
    """Print every Python file that is too long."""
    listed = subprocess.run(["git", "ls-files", "*.py"], cwd=ROOT, check=True, capture_output=True, text=True).stdout  # noqa: S607
    lengths = {name: len((ROOT / name).read_text().splitlines()) for name in listed.split() if (ROOT / name).exists()}
    for name, lines in lengths.items():
        if lines > LIMIT:
            print(f"{name}: {lines} lines, the limit is {LIMIT}")
    return 1 if max(lengths.values(), default=0) > LIMIT else 0


if __name__ == "__main__":
    sys.exit(main())
