"""The wheels of this checkout, built once as `make wheels` does, and environments that hold one of them alone."""

import asyncio
import os
import shutil
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

import pytest
import pytest_asyncio

from postroom_shared.manifest import ServiceManifest

ROOT = Path(__file__).parents[2]
WITHIN_S = 300.0
FLOOR = "postroom-shared"


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    output: str
    errors: str


async def run(*command: str | Path, cwd: Path = ROOT, environment: dict[str, str] | None = None) -> Ended:
    """Run a command to its end."""
    process = await asyncio.create_subprocess_exec(
        *map(str, command), cwd=cwd, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(WITHIN_S):
        output, errors = await process.communicate()
    return Ended(process.returncode or 0, output.decode(), errors.decode())


async def carried_out(*command: str | Path, cwd: Path = ROOT, environment: dict[str, str] | None = None) -> str:
    """Return what a command prints; fail the test with its errors when it does not succeed."""
    ended = await run(*command, cwd=cwd, environment=environment)
    assert ended.code == 0, f"{command}\n{ended.output}\n{ended.errors}"
    return ended.output


@dataclass(frozen=True)
class Alone:
    """A virtual environment with one wheel of the suite and what it asks for."""

    folder: Path

    def program(self, name: str) -> Path:
        """Return a command of the environment."""
        return self.folder / "bin" / name

    async def run(self, name: str, *words: str, environment: dict[str, str]) -> Ended:
        """Run a command of the environment, outside the checkout, with these variables and no others."""
        return await run(self.program(name), *words, cwd=self.folder, environment=environment)

    async def importable(self, names: list[str]) -> set[str]:
        """Return which of the packages *names* can be imported."""
        code = "import importlib.util, sys; print(*filter(importlib.util.find_spec, sys.argv[1:]))"
        ended = await self.run("python", "-c", code, *names, environment={})
        assert ended.code == 0, ended.errors
        return set(ended.output.split())


@dataclass(frozen=True)
class Wheels:
    """All wheels of the workspace."""

    folder: Path
    uv: Path
    environments: Path

    def of(self, distribution: str) -> Path:
        """Return the wheel of a distribution."""
        (found,) = self.folder.glob(f"{distribution.replace('-', '_')}-*.whl")
        return found

    async def installed(self, distribution: str) -> Alone:
        """Install a wheel alone; its environment begins as that of the floor, which every wheel asks for.

        Files of the floor's environment are linked, not copied, and compiled already.
        """
        folder = self.environments / distribution
        shutil.copytree(self.environments / FLOOR, folder, symlinks=True, copy_function=os.link)
        await self.install(distribution, folder)
        return Alone(folder)

    async def install(self, distribution: str, folder: Path) -> None:
        """Install a wheel and the floor's into an environment; everything else in the versions of `uv.lock`.

        The floor's wheel is named too, so that no registry is asked for it.
        """
        versions = self.environments / f"{distribution}.txt"
        words = ("--package", distribution, "--no-dev", "--no-emit-workspace", "--no-hashes", "--locked")
        await carried_out(self.uv, "export", "--quiet", *words, "--output-file", versions)
        into = ("--python", folder / "bin" / "python", "--constraints", versions)
        ours = {self.of(distribution), self.of(FLOOR)}
        await carried_out(self.uv, "pip", "install", "--quiet", "--compile-bytecode", *into, *ours)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def wheels(tmp_path_factory: pytest.TempPathFactory) -> Wheels:
    """Build them; uv is the one of `tools/bootstrap.py`, else that of the machine."""
    own = ROOT / ".tools" / "bin" / "uv"
    uv = own if own.exists() else Path(shutil.which("uv") or own)
    folder = tmp_path_factory.mktemp("wheels")
    await carried_out(uv, "build", "--quiet", "--all-packages", "--wheel", "--out-dir", folder)
    built = Wheels(folder, uv, tmp_path_factory.mktemp("alone"))
    await carried_out(uv, "venv", "--quiet", built.environments / FLOOR)
    await built.install(FLOOR, built.environments / FLOOR)
    return built


@pytest.fixture(scope="session")
def all_manifests() -> dict[str, ServiceManifest]:
    """Every service of the workspace."""
    return {entry.name: entry.load() for entry in entry_points(group="postroom.services")}
