"""What runs, for other terminals: a file that the launcher writes at every change, and live probes beside it."""

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

from postroom.supervisor import Supervised
from postroom_shared.localservers.accounts import write_private
from postroom_shared.localservers.ports import http_status, listens


def write_state(file: Path, servers: Sequence[Supervised], launcher: Mapping[str, Any]) -> None:
    """Replace the state file.

    Args:
        file: Of the data folder.
        servers: In the order of their start.
        launcher: Process, port and start of the launcher itself.
    """
    processes = [
        {
            "name": each.name,
            "pid": each.server.process.pid,
            "port": each.port,
            "health_path": each.health_path,
            "restarts": each.restarts,
            "started_at": each.started_at,
        }
        for each in servers
    ]
    write_private(file, json.dumps({"launcher": dict(launcher), "processes": processes}, indent=2), None)


async def read_status(file: Path) -> dict[str, Any]:
    """Return what runs just now, as `postroom status --json` prints it.

    `running` is whether the launcher lives; `memory_bytes` counts shared pages once (PSS), with all children, and is
    null where the kernel does not tell this account.
    """
    state = _stored(file)
    if state is None:
        return {"running": False, "url": None, "memory_bytes": 0, "processes": []}
    launcher = state["launcher"]
    entries = [{"name": "postroom", "restarts": 0, "health_path": None, **launcher}, *state["processes"]]
    running = _is_launcher(launcher["pid"], launcher["started_at"])
    processes = await asyncio.gather(*(_process(each) for each in entries)) if running else []
    memory = [each["memory_bytes"] for each in processes]
    return {
        "running": running,
        "url": f"http://127.0.0.1:{launcher['port']}",
        "memory_bytes": None if None in memory else sum(memory),
        "processes": processes,
    }


def _stored(file: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(file.read_text())
    except FileNotFoundError:
        return None
    return found


def _is_launcher(pid: int, started_at: float) -> bool:
    """Tell whether *pid* is still the process that wrote the file, not another with its number."""
    try:
        return psutil.Process(pid).create_time() <= started_at + 1
    except psutil.NoSuchProcess:
        return False


async def _process(entry: Mapping[str, Any]) -> dict[str, Any]:
    pid = entry["pid"]
    alive = pid is not None and psutil.pid_exists(pid)
    own_memory_only = entry["name"] == "postroom"
    return {
        "name": entry["name"],
        "pid": pid if alive else None,
        "port": entry["port"],
        "health": await _health(entry) if alive else "down",
        "restarts": entry["restarts"],
        "memory_bytes": _memory_bytes(pid, children=not own_memory_only) if alive else 0,
        "uptime_s": round(time.time() - entry["started_at"], 1) if alive else 0.0,
    }


async def _health(entry: Mapping[str, Any]) -> str:
    if entry["health_path"] is None:
        return "ready" if entry["name"] == "postroom" or await listens(entry["port"])() else "starting"
    status = await http_status(entry["port"], entry["health_path"])
    return {200: "ready", None: "starting"}.get(status, "unready")


def _memory_bytes(pid: int, *, children: bool) -> int | None:
    try:
        process = psutil.Process(pid)
        family = [process, *(process.children(recursive=True) if children else ())]
    except psutil.NoSuchProcess:
        return 0
    total = 0
    for each in family:
        try:
            total += each.memory_full_info().pss
        except psutil.NoSuchProcess:
            continue
        except psutil.AccessDenied:
            return None
    return total
