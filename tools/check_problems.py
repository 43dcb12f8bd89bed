"""Check that every refusal has a page in docs/problems, and every page a refusal.

usage: check_problems.py        exit 1 on a difference
"""

import importlib
import pkgutil
import sys
from pathlib import Path

from postroom_shared.errors import ProblemError

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("postroom_shared", "postroom_gateway", "postroom_directory", "postroom_import", "postroom_logs")
NOT_IMPORTED = ("migrations", "testkit", "opentelemetry", "__main__")


def import_everything() -> None:
    """Import all modules, so that every subclass is known."""
    for name in PACKAGES:
        package = importlib.import_module(name)
        for module in pkgutil.walk_packages(package.__path__, f"{name}."):
            if not set(NOT_IMPORTED) & set(module.name.split(".")):
                importlib.import_module(module.name)


def slugs(family: type[ProblemError] = ProblemError) -> set[str]:
    """Return the slugs of *family*'s descendants that are defined there, not inherited."""
    own = {child.slug for child in family.__subclasses__() if "slug" in vars(child)}
    return own.union(*(slugs(child) for child in family.__subclasses__()))


def main() -> int:
    """Print what lacks its page or its refusal."""
    import_everything()
    folder = ROOT / "docs/problems"
    pages = {str(page.relative_to(folder).with_suffix("")) for page in folder.glob("*/*.md")}
    wanted = slugs()
    for slug in sorted(wanted - pages):
        print(f"docs/problems/{slug}.md is missing")
    for slug in sorted(pages - wanted):
        print(f"docs/problems/{slug}.md: no code refuses with it")
    print(f"problems: {len(wanted)} refusals, {len(pages)} pages")
    return 1 if wanted != pages else 0


if __name__ == "__main__":
    sys.exit(main())
