"""Starting, killing and watching processes in these tests."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable

from carehub.standalone.foreground import await_condition, command_of
from carehub.standalone.machine import CHECKOUT

StartPython = Callable[..., subprocess.Popen[str]]


def clean_environment(**variables: str) -> dict[str, str]:
    """This environment without what chooses servers or states, and with these variables."""
    chosen = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "CAREHUB_HOME", "SECRET_KEY")
    kept = {key: value for key, value in os.environ.items() if key not in chosen}
    return {**kept, "PYTHONPATH": str(CHECKOUT), "PYTHONUNBUFFERED": "1", **variables}


def kill_and_await(process: subprocess.Popen[str]) -> None:
    """Kill a process as the kernel's out-of-memory killer would."""
    process.send_signal(signal.SIGKILL)
    process.wait(10)


def is_gone(pid: int, seconds: float = 15.0) -> bool:
    """Whether the process ends within the time."""
    return await_condition(lambda: not command_of(pid), seconds)
