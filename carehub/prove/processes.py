"""The processes of a private installation: each in a session of its own, with a log, and killed by its id.

They end with the process that started them; start them from the main thread (see standalone.tether).
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Set
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from carehub.standalone.foreground import await_condition
from carehub.standalone.machine import CHECKOUT
from carehub.standalone.servers import LOOPBACK, free_port
from carehub.standalone.tether import tethered

TERMINATE_SECONDS = 10.0
APPLICATION = "config.asgi:application"


class NotWithin(AssertionError):
    """Something did not come true in the time that it was given."""


class Process:
    """One process of an installation; its output goes to `log`."""

    def __init__(self, name: str, command: list[str], environment: Mapping[str, str], folder: Path) -> None:
        self.name = name
        self.log = folder / f"{name}-{time.monotonic_ns()}.log"
        with self.log.open("wb") as log:
            self.popen = subprocess.Popen(
                tethered([sys.executable, *command], signal.SIGKILL),
                env={**os.environ, **environment},
                cwd=CHECKOUT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def kill(self) -> None:
        """SIGKILL, and wait for the end; harmless if it has ended."""
        self.popen.kill()
        self.popen.wait()

    def terminate(self) -> None:
        """SIGTERM, and wait; SIGKILL after 10 s."""
        self.popen.terminate()
        try:
            self.popen.wait(TERMINATE_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def is_running(self) -> bool:
        """Whether it has not ended yet."""
        return self.popen.poll() is None

    def tail(self, characters: int = 3000) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace")[-characters:]


class Web(Process):
    """A daphne; `url` is where it answers. `port` None takes a free one."""

    def __init__(
        self,
        name: str,
        environment: Mapping[str, str],
        folder: Path,
        *,
        port: int | None = None,
        application: str = APPLICATION,
    ) -> None:
        self.port = port or free_port()
        self.url = f"http://{LOOPBACK}:{self.port}"
        command = ["-m", "daphne", "-b", LOOPBACK, "-p", str(self.port), application]
        super().__init__(name, command, environment, folder)

    def statuses(self) -> Counter[int]:
        """How often it answered with each HTTP status, by its access log."""
        found = re.findall(r'" (\d{3}) \S+$', self.log.read_text(errors="replace"), re.MULTILINE)
        return Counter(int(status) for status in found)

    def answers(self, path: str = "/livez") -> bool:
        """Whether `path` answers 200 now."""
        return self.is_running() and status_of(self.url + path) == 200

    def wait(self, path: str = "/livez", seconds: float = 30) -> None:
        """Return once `path` answers 200. Raises NotWithin, with the log's end, also as soon as the process ended."""
        await_condition(lambda: not self.is_running() or self.answers(path), seconds)
        if not self.answers(path):
            raise NotWithin(f"{self.name} did not answer {path} within {seconds} s\n{self.tail()}")


def open_sockets(port: int, *, peers: Set[int] | None = None) -> int | None:
    """How many connections a server on this port of this machine holds; None where the system does not tell.

    `peers` counts those alone that come from these ports.
    """
    listing = Path("/proc/net/tcp")
    if not listing.exists():
        return None
    wanted, established = f":{port:04X}", "01"
    rows = (row.split() for row in listing.read_text().splitlines()[1:])
    held = [int(row[2].rpartition(":")[2], 16) for row in rows if row[1].endswith(wanted) and row[3] == established]
    return sum(peers is None or peer in peers for peer in held)


def resident_bytes(pid: int) -> int | None:
    """How much memory a process holds; None where the system does not tell (elsewhere than on Linux)."""
    listing = Path(f"/proc/{pid}/status")
    if not listing.exists():
        return None
    (found,) = (line.split()[1] for line in listing.read_text().splitlines() if line.startswith("VmRSS:"))
    return int(found) * 1024


def status_of(url: str) -> int:
    """The HTTP status of a GET; 0 when nobody answers."""
    try:
        with urlopen(url, timeout=5) as response:  # noqa: S310  # our own http address
            status: int = response.status
            return status
    except HTTPError as error:
        return error.code
    except (URLError, OSError):
        return 0
