"""One server process in the foreground, over one folder, that ends with the process which started it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from carehub.standalone import folders
from carehub.standalone.tether import tethered

START_SECONDS = 60.0
LOG_BYTES_KEPT = 5_000_000


class ServerError(Exception):
    """A private server did not do what was asked; the text says which, why and where its log is."""


def await_condition(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether the condition came true within so many seconds."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def command_of(pid: int) -> str:
    """The command line of a running process; empty if there is none of this id, or only a zombie."""
    if Path("/proc/self/cmdline").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            return ""
    listing = subprocess.run(
        ["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return "" if "<defunct>" in listing.stdout else listing.stdout.strip()


class Server(ABC):
    """One server process over one folder. A context manager: entering starts it, leaving stops it.

    `folder` holds passwords, log and data; it is made if missing. `port` is the port it listens on; `start`
    and `adopt` change it if a running server of this folder listens on another.
    """

    name: str
    stop_signals: tuple[tuple[signal.Signals, float], ...]
    """What `stop` sends, each with the seconds given to obey; the first is also sent when the parent dies."""

    def __init__(self, folder: Path, port: int, settings: Mapping[str, str] | None = None) -> None:
        self.folder = folder.absolute()
        self.port = port
        self.settings = dict(settings or {})
        self.data = self.folder / "data"
        self.log_path = self.folder / "server.log"
        self.secrets = folders.SecretFile(self.folder / "passwords.json")
        self._user = folders.server_user()
        self._child: subprocess.Popen[bytes] | None = None
        self._adopted_pid: int | None = None

    @property
    def pid(self) -> int | None:
        """The process id of the server, None if it does not run."""
        if self._child is not None:
            return self._child.pid if self._child.poll() is None else None
        if self._adopted_pid is not None and self._is_ours(self._adopted_pid):
            return self._adopted_pid
        return None

    @property
    def is_running(self) -> bool:
        """Whether the process lives (not whether it answers)."""
        return self.pid is not None

    def start(self) -> None:
        """Start the server, or adopt the live one of this folder, and return when it answers.

        Call it from the main thread (see tether). Raises ServerError if it does not answer within a minute,
        FolderError if its account cannot reach the folder.
        """
        if self.is_running or self.adopt():
            return
        folders.make_folder(self.folder)
        folders.require_reachable(self.folder, self._user)
        self._child = self._spawn(self._prepare())
        try:
            self._require_answer()
        except BaseException:
            self.stop()
            raise

    def adopt(self) -> bool:
        """Take over the server that a dead owner left running on this folder; False if there is none.

        One that is shutting down is awaited, one that does not answer within a minute is stopped.
        """
        self._adopted_pid = self._find_orphan()
        if self._adopted_pid is None:
            return False
        await_condition(lambda: not self.is_running or self._answers(), START_SECONDS)
        if self.is_running and self._answers():
            return True
        self.stop()
        return False

    def stop(self) -> None:
        """Stop the server, more firmly if it does not obey, and return when it is gone.

        Harmless if it does not run.
        """
        for number, seconds in self.stop_signals:
            pid = self.pid
            if pid is None:
                break
            os.kill(pid, number)
            await_condition(lambda: not self.is_running, seconds)
        self._child = None
        self._adopted_pid = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @abstractmethod
    def _prepare(self) -> list[str]:
        """Make data and configuration ready and return the command."""

    @abstractmethod
    def _find_orphan(self) -> int | None:
        """The process id of a server that runs on this folder untended; sets `port` to its own."""

    @abstractmethod
    def _answers(self) -> bool:
        """Whether a client gets an answer now."""

    def _is_ours(self, pid: int) -> bool:
        return str(self.data) in command_of(pid)

    def _spawn(self, command: list[str]) -> subprocess.Popen[bytes]:
        if self.log_path.exists() and self.log_path.stat().st_size > LOG_BYTES_KEPT:
            self.log_path.replace(self.log_path.with_suffix(".log.1"))
        # A failed statement is logged as it was, with what it carried.
        with open(self.log_path, "ab", opener=lambda path, flags: os.open(path, flags, 0o600)) as log:
            return subprocess.Popen(
                tethered(command, self.stop_signals[0][0], self._user),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment(),
                cwd="/",
                start_new_session=True,
            )

    def _environment(self) -> dict[str, str]:
        # Not ours: PGDATA, PGOPTIONS and the like of the person's shell would reach the server.
        return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}

    def _require_answer(self) -> None:
        awaited = await_condition(lambda: not self.is_running or self._answers(), START_SECONDS)
        if awaited and self.is_running:
            return
        reason = "ended at once" if awaited else f"did not answer within {START_SECONDS:.0f} s"
        tail = self.log_path.read_text(errors="replace").splitlines()[-8:]
        raise ServerError("\n  ".join([f"{self.name} (port {self.port}) {reason}. The end of {self.log_path}:", *tail]))
