"""A small foreground supervisor: it starts programs, shows their lines, restarts the crashed, and stops all.

Everything happens in one loop on the main thread, which must be the one that starts children (see tether).
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import IO, Self

from carehub.standalone.foreground import Server, ServerError
from carehub.standalone.screen import Screen
from carehub.standalone.tether import tethered

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
NAME_COLOURS = ("cyan", "magenta", "blue", "yellow")
LONGEST_PAUSE = 30.0
SERVER_PAUSE = 5.0
STEADY_SECONDS = 60.0
TICK_SECONDS = 0.2


@dataclass(frozen=True)
class Program:
    """A command that is meant to run for as long as the supervisor does."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    folder: Path


@dataclass
class _Child:
    program: Program
    colour: str
    process: subprocess.Popen[bytes] | None = None
    unfinished_line: bytes = b""
    started_at: float = 0.0
    crashes: int = 0
    start_again_at: float = 0.0


class Supervisor:
    """Tends programs, and the servers they need, from `start` until the `with` block is left.

    Inside the block SIGINT, SIGTERM and SIGHUP no longer interrupt: they end `tend`. A second one while
    programs are being stopped kills them at once. `servers` are restarted when they crash, but are stopped by
    whoever made them.
    """

    def __init__(self, screen: Screen, servers: Sequence[Server] = (), grace: float = 10.0) -> None:
        self._screen = screen
        self._servers = servers
        self._grace = grace
        self._children: list[_Child] = []
        self._selector = selectors.DefaultSelector()
        self._stops_asked = 0
        self._servers_due_at = 0.0
        self._old_handlers: dict[signal.Signals, Callable[[int, FrameType | None], object] | int | None] = {}

    def __enter__(self) -> Self:
        for number in STOP_SIGNALS:
            # What nohup has made the process ignore stays ignored.
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._old_handlers[number] = signal.signal(number, self._note_stop)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._stop_children()
        finally:
            self._selector.close()
            for number, handler in self._old_handlers.items():
                signal.signal(number, handler)

    @property
    def is_stopping(self) -> bool:
        """Whether a signal asked to stop, or the terminal is gone."""
        return self._stops_asked > 0 or self._screen.is_closed

    def start(self, program: Program) -> None:
        """Start a program in a session of its own; from now on it is tended."""
        child = _Child(program, NAME_COLOURS[len(self._children) % len(NAME_COLOURS)])
        self._children.append(child)
        self._launch(child)

    def tend(self, until: Callable[[], bool] | None = None, seconds: float = float("inf")) -> bool:
        """Show lines and restart what crashed, until asked to stop, the time is over or `until` holds.

        Returns whether `until` came to hold. It is asked a few times each second and should answer quickly.
        """
        end = time.monotonic() + seconds
        while not self.is_stopping and time.monotonic() < end:
            self._show_lines(TICK_SECONDS)
            self._restart_servers()
            for child in self._children:
                self._restart_if_ended(child)
            if until and until():
                return True
        return False

    def _note_stop(self, number: int, frame: FrameType | None) -> None:
        self._stops_asked += 1

    def _launch(self, child: _Child) -> None:
        child.process = subprocess.Popen(
            tethered(child.program.command, signal.SIGKILL),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=dict(child.program.environment),
            cwd=child.program.folder,
            start_new_session=True,
            bufsize=0,
        )
        child.started_at = time.monotonic()
        self._selector.register(_output(child.process), selectors.EVENT_READ, child)

    def _show_lines(self, seconds: float) -> None:
        if not self._selector.get_map():
            time.sleep(seconds)
        for key, _ in self._selector.select(seconds):
            child: _Child = key.data
            chunk = os.read(key.fd, 65536)
            *lines, child.unfinished_line = (child.unfinished_line + chunk).split(b"\n")
            for line in lines:
                self._show(child, line)
            if not chunk:
                self._selector.unregister(key.fileobj)
                if child.unfinished_line:
                    self._show(child, child.unfinished_line)
                    child.unfinished_line = b""

    def _show(self, child: _Child, line: bytes) -> None:
        name = self._screen.paint(f"{child.program.name:<8}", child.colour)
        self._screen.say(f"{name}| {line.decode(errors='replace').rstrip()}")

    def _restart_if_ended(self, child: _Child) -> None:
        now = time.monotonic()
        if child.process is None:
            if now >= child.start_again_at:
                self._launch(child)
            return
        code = child.process.poll()
        if code is None:
            return
        self._forget(child)
        child.crashes = 1 if now - child.started_at > STEADY_SECONDS else child.crashes + 1
        pause = min(LONGEST_PAUSE, 2.0 ** (child.crashes - 1))
        child.start_again_at = now + pause
        self._warn(f"{child.program.name} ended ({_ending(code)}); it is started again in {pause:.0f} s")

    def _restart_servers(self) -> None:
        for server in self._servers:
            if server.is_running or time.monotonic() < self._servers_due_at:
                continue
            self._warn(f"{server.name} ended; it is started again (its log: {server.log_path})")
            try:
                server.start()
            except ServerError as error:
                self._warn(f"{error}\nThe next attempt is in {SERVER_PAUSE:.0f} s.")
                self._servers_due_at = time.monotonic() + SERVER_PAUSE

    def _warn(self, text: str) -> None:
        self._screen.say(self._screen.paint(f"carehub | {text}", "red"))

    def _forget(self, child: _Child) -> None:
        if child.process is None:
            return
        pipe = _output(child.process)
        # Its last words may still be in the pipe; what it has started may hold that open for ever.
        for _ in range(20):
            if pipe.fileno() not in self._selector.get_map():
                break
            self._show_lines(0)
        if pipe.fileno() in self._selector.get_map():
            self._selector.unregister(pipe)
        pipe.close()
        child.process = None

    def _stop_children(self) -> None:
        for child in reversed(self._children):
            if child.process is None:
                continue
            if child.process.poll() is None:
                child.process.terminate()
                self._await_end(child.process)
            self._forget(child)

    def _await_end(self, process: subprocess.Popen[bytes]) -> None:
        end = time.monotonic() + self._grace
        while process.poll() is None:
            if time.monotonic() > end or self._stops_asked > 1:
                # It leads its own group: what it has started goes with it.
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                return
            self._show_lines(0.05)


def _output(process: subprocess.Popen[bytes]) -> IO[bytes]:
    assert process.stdout is not None
    return process.stdout


def _ending(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
