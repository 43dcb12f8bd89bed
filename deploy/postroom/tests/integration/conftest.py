"""A launcher with a small service that stands for the real ones."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from postroom.testkit import Launcher, free_base_port
from postroom_shared.testkit.folders import temporary_folder


@pytest.fixture(scope="session")
def probe_installed() -> dict[str, str]:
    """The environment in which the probe is an installed service."""
    return {"PYTHONPATH": str(Path(__file__).parent / "installed")}


@pytest.fixture
def data_folder() -> Iterator[Path]:
    with temporary_folder() as folder:
        folder.chmod(0o711)
        yield folder / "data"


@pytest_asyncio.fixture(loop_scope="session")
async def launcher(data_folder: Path, probe_installed: dict[str, str]) -> AsyncIterator[Launcher]:
    """A launcher that is not started yet; stopped at the end if a test left it running."""
    made = Launcher(data_folder, free_base_port(), ("--service", "probe"), probe_installed)
    yield made
    await made.close()
