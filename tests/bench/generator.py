"""The driver's end of the load generator: commands out, answers in, and a counter in shared memory."""

from __future__ import annotations

import array
import json
import mmap
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from carehub.standalone.machine import CHECKOUT
from carehub.standalone.tether import tethered

from .machine import wait

_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Arrivals:
    """What the sockets got since the mark: slot, mark and wall-clock time of each event; the generator's CPU share."""

    sockets: array.array[int]
    marks: array.array[int]
    times: array.array[float]
    bytes: int
    cpu: float
    lost: int

    def __len__(self) -> int:
        return len(self.marks)

    def latencies(self, sent: dict[int, float]) -> list[float]:
        """Milliseconds from `sent[mark]` to each arrival."""
        return [(at - sent[mark]) * 1000 for mark, at in zip(self.marks, self.times, strict=True) if mark in sent]


class Generator:
    """One generator process. A context manager."""

    def __init__(self, folder: Path) -> None:
        number = next(_numbers)
        self._counter, self._report = folder / f"counter-{number}", folder / f"report-{number}"
        command = [sys.executable, "-m", "tests.bench.load", str(self._counter)]
        self.process = subprocess.Popen(
            tethered(command, signal.SIGKILL),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=CHECKOUT,
            env=os.environ | {"PYTHONPATH": str(CHECKOUT)},
        )
        wait(lambda: self._counter.exists() and self._counter.stat().st_size == 16, 10)
        with self._counter.open("rb") as file:
            self._shared = mmap.mmap(file.fileno(), 16, access=mmap.ACCESS_READ)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()

    def ask(self, **command: Any) -> dict[str, Any]:
        """Send one command and wait for its answer."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(command).encode() + b"\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def connect(self, mode: str, port: int, headers: Sequence[str], *, width: int = 50, **more: Any) -> dict[str, Any]:
        """Open one socket for each `path\\nheader\\n...`."""
        return self.ask(do="connect", mode=mode, port=port, headers=list(headers), width=width, **more)

    @property
    def arrived(self) -> int:
        """How many events have arrived since the mark."""
        return int.from_bytes(self._shared[:8], "little")

    def mark(self) -> None:
        """Count from here."""
        self.ask(do="mark")

    def arrivals(self) -> Arrivals:
        """Everything since the mark."""
        said = self.ask(do="report", path=str(self._report))
        sockets, marks, times = array.array("l"), array.array("l"), array.array("d")
        with self._report.open("rb") as file:
            for column in (sockets, marks, times):
                column.fromfile(file, said["frames"])
        return Arrivals(sockets, marks, times, said["bytes"], said["cpu"], said["lost"])

    def close(self) -> None:
        """Drop the sockets."""
        self.ask(do="close")
