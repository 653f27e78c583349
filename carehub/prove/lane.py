"""Scenarios that mostly wait, played by a process of its own on servers of its own, beside those that work.

    python -m carehub.prove.lane F05,F06 7 quick

Says in a line of JSON each when it begins one and what it found; ends, cleaned up, at SIGTERM.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Thread
from types import FrameType, TracebackType
from typing import Self, get_args

import msgspec

from carehub.prove.run import Result, play
from carehub.prove.scenarios import Scenario, choose
from carehub.prove.stage import Size, proving_ground
from carehub.standalone.machine import CHECKOUT
from carehub.standalone.tether import tethered

CLEANS_UP_SECONDS = 60.0


class Said(msgspec.Struct):
    """One line: a scenario begins, or has its result."""

    id: str
    result: Result | None = None


class Lane:
    """The process, while it is entered; `begins` and `ends` are called, in a thread, as it says so."""

    def __init__(
        self,
        scenarios: Sequence[Scenario],
        *,
        seed: int,
        size: Size,
        begins: Callable[[str], None],
        ends: Callable[[Result], None],
    ) -> None:
        self._arguments = [",".join(scenario.id for scenario in scenarios), str(seed), size]
        self._expected, self._begins, self._ends = len(scenarios), begins, ends
        self._heard = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = Thread(target=self._listen, name="lane", daemon=True)

    def __enter__(self) -> Self:
        if self._expected:
            command = [sys.executable, "-m", "carehub.prove.lane", *self._arguments]
            self._process = subprocess.Popen(tethered(command, signal.SIGTERM), cwd=CHECKOUT, stdout=subprocess.PIPE)
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(CLEANS_UP_SECONDS)
            self._process.kill()
            self._process.wait()
            self._thread.join(5)

    def wait(self) -> bool:
        """Return at the lane's end: whether it has played everything."""
        if self._process is not None:
            self._process.wait()
            self._thread.join()
        return self._heard == self._expected

    def _listen(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        for line in self._process.stdout:
            said = msgspec.json.decode(line, type=Said)
            if said.result is None:
                self._begins(said.id)
            else:
                self._heard += 1
                self._ends(said.result)


def main(ids: str, seed: str, size: str) -> None:
    """Play these."""
    (chosen,) = (known for known in get_args(Size) if known == size)
    with proving_ground() as ground:
        for scenario in choose(ids):
            _say(Said(scenario.id))
            _say(Said(scenario.id, play(ground, scenario, seed=int(seed), size=chosen)))


def _say(said: Said) -> None:
    print(msgspec.json.encode(said).decode(), flush=True)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _interrupt)
    with suppress(KeyboardInterrupt):
        main(*sys.argv[1:])
