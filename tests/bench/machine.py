"""What the machine spends: CPU and memory of processes from /proc, and the circumstances of a run."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

TICK = os.sysconf("SC_CLK_TCK")
PACKAGES = ("django", "channels", "channels-redis", "daphne", "uvicorn", "gunicorn", "websockets", "psycopg", "redis")


def cpu_of(pid: int, *, with_children: bool = True) -> float:
    """CPU seconds of a process so far, user and system; with its children, the ended ones included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ticks = sum(int(field) for field in fields[11 : 15 if with_children else 13])
    below = sum(cpu_of(child) for child in children(pid)) if with_children else 0.0
    return ticks / TICK + below


def children(pid: int) -> list[int]:
    """The processes that it has started and that still run."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def memory_of(pid: int) -> float:
    """Resident memory in KB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return float(line.split()[1])
    return 0.0


def cpu_of_all(pids: Iterable[int]) -> float:
    """CPU seconds of several processes so far; one that ended meanwhile counts nothing."""
    total = 0.0
    for pid in pids:
        try:
            total += cpu_of(pid)
        except (FileNotFoundError, ProcessLookupError):
            continue
    return total


def load() -> float:
    """The load average of the last minute."""
    return os.getloadavg()[0]


def wait(condition: Callable[[], bool], seconds: float, pause: float = 0.002) -> bool:
    """Whether the condition came true in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(pause)
    return True


def until(moment: float) -> None:
    """Return at this moment of the monotonic clock, at once if it is past."""
    left = moment - time.monotonic()
    if left > 0:
        time.sleep(left)


def circumstances() -> dict[str, Any]:
    """Versions, cores and load: without them no figure means anything."""
    return {
        "python": platform.python_version(),
        "cores": len(os.sched_getaffinity(0)),
        "cpu": _processor(),
        "load": load(),
        "packages": {name: _version(name) for name in PACKAGES},
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
