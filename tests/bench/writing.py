"""The driver's end of the writers, and whom they write to on each side."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from typing import Any, Self

from carehub.standalone.machine import CHECKOUT
from carehub.standalone.tether import tethered

from .seeding import Teams, record_id, token_of

Targets = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Written:
    """What the writers got: answers by status, stored writes a second, latencies in milliseconds, their CPU share."""

    statuses: dict[str, int]
    wall: float
    per_second: float
    milliseconds: list[float]
    cpu: float

    @property
    def stored(self) -> int:
        """Answers of 201."""
        return self.statuses.get("201", 0)


class Writing:
    """Writers that have begun; `finish` waits for their end."""

    def __init__(self, port: int, targets: Targets, *, clients: int, **more: Any) -> None:
        self._process = subprocess.Popen(
            tethered([sys.executable, "-m", "tests.bench.writers"], signal.SIGKILL),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=CHECKOUT,
            env=os.environ | {"PYTHONPATH": str(CHECKOUT)},
        )
        assert self._process.stdin is not None
        command = {"port": port, "targets": targets, "clients": clients, "body": {"text": "x" * 200}} | more
        self._process.stdin.write(json.dumps(command).encode())
        self._process.stdin.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def finish(self) -> Written:
        """Their answers, once all have ended."""
        assert self._process.stdout is not None
        return Written(**json.loads(self._process.stdout.read()))


def write(port: int, targets: Targets, *, clients: int, **more: Any) -> Written:
    """Let so many clients write to their end; `seconds` or `count` bounds them."""
    with Writing(port, targets, clients=clients, **more) as writing:
        return writing.finish()


def carehub_targets(teams: Teams) -> Targets:
    """The thread of each team, written to by its first person."""
    return [
        (f"/api/v1/records/{record_id(team)}/messages", f"Authorization: Bearer {token_of(team * teams.size)}")
        for team in range(teams.count)
    ]


def naive_targets(teams: Teams) -> Targets:
    """The same of the tutorial's chat."""
    return [
        (f"/teams/{team + 1}/messages", f"Cookie: naive_session=bench{team * teams.size:027d}")
        for team in range(teams.count)
    ]
