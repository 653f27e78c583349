"""A wrong clock for one process: what Python tells of the time of day is moved, from its first import on.

Works through a `sitecustomize` in a folder of the run's own, put before everything else on that process's path; no
rights are needed and the machine's clock stays. What C code asks of the kernel by itself (TLS, Redis, PostgreSQL) is
not moved, and the monotonic clock neither: neither does it move when an administrator sets a clock.
"""

from __future__ import annotations

import ctypes
import datetime
import gc
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from carehub.standalone.machine import CHECKOUT

VARIABLE = "CAREHUB_PROVE_SKEW"
JUMPS = "jumps"
_HOUR = 3600.0
_JUMPS_EVERY = 2.0


def environment(folder: Path, skew: float | str) -> dict[str, str]:
    """The variables of a process whose clock is wrong by so many seconds, or `jumps` by an hour to either side."""
    path = folder / "skew"
    path.mkdir(exist_ok=True)
    (path / "sitecustomize.py").write_text("from carehub.prove import skew\n\nskew.apply()\n")
    return {VARIABLE: str(skew), "PYTHONPATH": os.pathsep.join([str(path), str(CHECKOUT)])}


def apply() -> None:
    """Move this process's clock as its environment says."""
    setting = os.environ[VARIABLE]
    real = time.time

    def offset() -> float:
        if setting != JUMPS:
            return float(setting)
        return (0.0, _HOUR, -_HOUR)[int(time.monotonic() // _JUMPS_EVERY) % 3]

    _replace(lambda: real() + offset())


def _replace(now: Callable[[], float]) -> None:
    class Moved:
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> datetime.datetime:
            return datetime.datetime.fromtimestamp(now(), tz)

        @classmethod
        def utcnow(cls) -> datetime.datetime:
            return datetime.datetime.fromtimestamp(now(), datetime.UTC).replace(tzinfo=None)

    time.time = now
    time.time_ns = lambda: int(now() * 1e9)
    # The type is C's and refuses assignment; its dictionary is what the mapping proxy refers to.
    (members,) = gc.get_referents(datetime.datetime.__dict__)
    changed: dict[str, Any] = {"now": Moved.__dict__["now"], "today": Moved.__dict__["now"]}
    members.update(changed | {"utcnow": Moved.__dict__["utcnow"]})
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(datetime.datetime))
