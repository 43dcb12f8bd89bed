"""`postroom status` for people."""

from typing import Any

from rich.console import Console
from rich.table import Table


def status_table(status: dict[str, Any]) -> None:
    """Print the processes, or that there are none."""
    console = Console()
    if not status["running"]:
        console.print("Postroom does not run on this data folder.")
        return
    table = Table("process", "pid", "port", "health", "restarts", "memory", "uptime", box=None)
    for each in status["processes"]:
        cells = (each["name"], each["pid"] or "-", each["port"], each["health"], each["restarts"])
        table.add_row(*map(str, cells), _megabytes(each["memory_bytes"]), f"{each['uptime_s']:.0f} s")
    console.print(table)
    console.print(f"{status['url']}   {_megabytes(status['memory_bytes'])} in all")


def _megabytes(size_bytes: int | None) -> str:
    return "?" if size_bytes is None else f"{size_bytes / 2**20:.0f} MB"
