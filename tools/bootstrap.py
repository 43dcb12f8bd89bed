"""Set this checkout up on a machine that has only Python and make; standard library only.

usage: bootstrap.py [demo|test]

uv from PyPI goes into `.tools`, the suite into `.venv`, both in the checkout. The packages of the distribution that
`deploy/packages/<purpose>.txt` lists are installed when this is root on Debian or Ubuntu, else named: the demo goes on
without them, the tests do not.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"
UV = TOOLS / "bin" / "uv"
UV_VERSION = "uv>=0.9,<1"
OLDEST = (3, 11)
POLICY = Path("/usr/sbin/policy-rc.d")
SAVED_POLICY = POLICY.with_name("policy-rc.d.before-postroom")
NO_SERVICE = "#!/bin/sh\n# Written by Postroom's tools/bootstrap.py for the length of one apt-get.\nexit 101\n"
APT = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}


class SetupError(Exception):
    """One line for the person at the terminal."""


def run(*words: str | Path, quiet: bool = False) -> bool:
    """Run a command in the checkout and tell whether it succeeded."""
    output = subprocess.DEVNULL if quiet else None
    return subprocess.run(words, cwd=ROOT, env=APT, check=False, stdout=output, stderr=output).returncode == 0  # noqa: S603


def have_uv() -> None:
    """Have uv in `.tools`, however this machine lets a virtual environment be made."""
    if UV.exists():
        return
    print("setup: uv from PyPI")
    with_pip = run(sys.executable, "-m", "venv", TOOLS, quiet=True)
    if not with_pip and os.geteuid() == 0 and shutil.which("apt-get"):
        install(["python3-venv"])
        with_pip = run(sys.executable, "-m", "venv", "--clear", TOOLS, quiet=True)
    if with_pip and run(TOOLS / "bin" / "python", "-m", "pip", "install", "--quiet", UV_VERSION):
        return
    bare = run(sys.executable, "-m", "venv", "--clear", "--without-pip", TOOLS, quiet=True)
    python = TOOLS / "bin" / "python"
    if bare and run(sys.executable, "-m", "pip", "--python", python, "install", "--quiet", UV_VERSION, quiet=True):
        return
    shutil.rmtree(TOOLS, ignore_errors=True)
    raise SetupError(
        "Python cannot make a virtual environment here. Install python3-venv (apt-get install python3-venv)."
    )


def missing(purpose: str) -> list[str]:
    """Return the packages of *purpose* that are not installed; none where there is no dpkg to ask."""
    if shutil.which("dpkg-query") is None:
        return []
    wanted = (ROOT / "deploy" / "packages" / f"{purpose}.txt").read_text().split()
    query = ["dpkg-query", "-W", "-f", "${Package} ${Status}\n", *wanted]
    found = subprocess.run(query, check=False, capture_output=True, text=True).stdout  # noqa: S603
    installed = {line.split()[0] for line in found.splitlines() if line.endswith(" ok installed")}
    return [name for name in wanted if name not in installed]


@contextmanager
def no_service_starts() -> Iterator[None]:
    """Keep apt from starting services; whatever policy stood there stands there again afterwards."""
    if SAVED_POLICY.exists():  # an earlier run was killed
        SAVED_POLICY.replace(POLICY)
    elif POLICY.exists() and POLICY.read_text() == NO_SERVICE:
        POLICY.unlink()
    if POLICY.exists():
        POLICY.replace(SAVED_POLICY)
    POLICY.write_text(NO_SERVICE)
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()
        if SAVED_POLICY.exists():
            SAVED_POLICY.replace(POLICY)


def install(packages: list[str]) -> bool:
    """Install *packages* with apt; none of their services is started, now or at the next boot."""
    print(f"setup: apt-get install {' '.join(packages)}")
    with no_service_starts():
        done = run("apt-get", "update", "-qq") and run(
            "apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages
        )
    if done and "dovecot-core" in packages and shutil.which("systemctl"):
        run("systemctl", "disable", "dovecot.service", "dovecot.socket", quiet=True)
    return done


def have_packages(purpose: str) -> None:
    """Have the packages of *purpose*, or say which are missing.

    Raises:
        SetupError: They are missing, and *purpose* cannot do without.
    """
    wanted = missing(purpose)
    if wanted and os.geteuid() == 0 and shutil.which("apt-get") and install(wanted):
        return
    if not wanted:
        return
    hint = f"apt-get install {' '.join(wanted)}"
    if purpose == "test":
        raise SetupError(f"The tests need packages that are not installed: {hint}")
    print(f"setup: without demo mailboxes, whose packages are not installed: {hint}")


def require_python() -> None:
    """Raise `SetupError` for a Python that is too old."""
    if sys.version_info < OLDEST:
        found = sys.version.split()[0]
        raise SetupError(f"Python 3.11 or later is needed, this is {found}; try make PYTHON=python3.12")


def sync() -> None:
    """Install the suite into `.venv`, exactly as the lock file says."""
    words = ("--quiet", "--locked", "--all-packages", "--all-extras", "--python", sys.executable)
    if not run(UV, "sync", *words):
        raise SetupError("uv could not install the suite; its message is above.")


def main(arguments: list[str]) -> int:
    """Set up; return 1 with one line on what is missing."""
    try:
        require_python()
        have_uv()
        sync()
        for purpose in arguments:
            have_packages(purpose)
    except SetupError as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
