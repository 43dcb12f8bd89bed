"""Check that lock files name no host but the public default registries.

usage: check_locks.py        exit 1 when any other host stands in uv.lock or a package-lock.json
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PUBLIC = {
    "uv.lock": {"pypi.org", "files.pythonhosted.org"},
    "package-lock.json": {"registry.npmjs.org"},
}
HOST = re.compile(r"https?://([^/\"'\s:@]+(?:@[^/\"'\s:]+)?)")


def foreign_hosts(lock: Path) -> set[str]:
    """Return the hosts in *lock* that are not the public ones."""
    urls = [line for line in lock.read_text().splitlines() if '"funding"' not in line]
    return set(HOST.findall("\n".join(urls))) - PUBLIC[lock.name]


def main() -> int:
    """Print each lock file with its foreign hosts."""
    locks = [
        path
        for name in PUBLIC
        for path in ROOT.rglob(name)
        if not {".venv", "node_modules"} & set(path.relative_to(ROOT).parts)
    ]
    wrong = {path: hosts for path in locks if (hosts := foreign_hosts(path))}
    for path, hosts in wrong.items():
        print(f"{path.relative_to(ROOT)}: {', '.join(sorted(hosts))} is no public default registry")
    print(f"locks: {len(locks)} read")
    return 1 if wrong or not locks else 0


if __name__ == "__main__":
    sys.exit(main())
