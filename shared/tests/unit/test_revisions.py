import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from postroom_shared.database.migrating import configuration
from postroom_shared.database.revisions import FLOOR, MigrationTree, newest_revision, service_tree, trees_of

PACKAGES = sorted(entry.load().package for entry in entry_points(group="postroom.services"))


@pytest.mark.parametrize("tree", [FLOOR, *map(service_tree, PACKAGES)], ids=lambda tree: tree.package)
def test_the_newest_revision_is_the_head_that_alembic_finds(tree: MigrationTree) -> None:
    assert newest_revision(tree) == ScriptDirectory.from_config(configuration(tree)).get_current_head()
    assert newest_revision(tree) is not None


def test_a_package_without_migrations_has_the_tree_of_the_floor_only() -> None:
    assert trees_of("postroom_shared") == (FLOOR,)
    assert trees_of("postroom_nobody") == (FLOOR,)


def a_tree(folder: Path, name: str, **revisions: str | None) -> MigrationTree:
    versions = folder / name / "versions"
    versions.mkdir(parents=True)
    for revision, before in revisions.items():
        (versions / f"{revision}.py").write_text(f"revision = {revision!r}\ndown_revision = {before!r}\n")
    return MigrationTree(name, "version")


def test_an_empty_tree_has_none_and_a_fork_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)

    assert newest_revision(a_tree(tmp_path, "tree_of_none")) is None
    assert newest_revision(a_tree(tmp_path, "tree_of_two", a=None, b="a")) == "b"
    with pytest.raises(ValueError, match="several ends: b, c"):
        newest_revision(a_tree(tmp_path, "tree_of_a_fork", a=None, b="a", c="a"))


@pytest.mark.parametrize("package", PACKAGES)
def test_a_service_that_serves_does_not_import_alembic(package: str) -> None:
    code = f"import sys, postroom_shared.command, {package}.app; sys.exit('alembic' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
