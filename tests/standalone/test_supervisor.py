"""The supervisor: it shows lines, restarts the crashed, stops all in order, and leaves no orphan behind."""

from __future__ import annotations

import io
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from carehub.standalone.foreground import Server, ServerError
from carehub.standalone.processes import Program, Supervisor
from carehub.standalone.screen import Screen
from tests.standalone.processes import StartPython, is_gone, kill_and_await

pytestmark = pytest.mark.slow

FOREVER = "import time\nwhile True: time.sleep(1)"
STUBBORN = "import signal\nsignal.signal(signal.SIGTERM, lambda *_: print('no', flush=True))\nprint('up')\n" + FOREVER
SAYS_WHEN_STOPPED = """
import signal, sys, time
def stop(*_):
    print("stopped", time.monotonic_ns(), flush=True)
    sys.exit()
signal.signal(signal.SIGTERM, stop)
print("up", flush=True)
while True: time.sleep(1)
"""

SUPERVISE = """
import sys
from pathlib import Path
from carehub.standalone.processes import Program, Supervisor
from carehub.standalone.screen import Screen
code = "import os, time\\nprint('pid', os.getpid(), flush=True)\\nwhile True: time.sleep(1)"
with Supervisor(Screen()) as supervisor:
    for name in ("first", "second"):
        supervisor.start(Program(name, [sys.executable, "-c", code], {}, Path("/")))
    supervisor.tend()
print("all stopped", flush=True)
"""


def program(name: str, code: str) -> Program:
    return Program(name, [sys.executable, "-u", "-c", code], dict(os.environ), Path("/"))


def test_shows_each_line_with_the_name_of_its_program() -> None:
    written = io.StringIO()

    with Supervisor(Screen(written)) as supervisor:
        supervisor.start(program("speaker", f"print('one\\ntwo')\n{FOREVER}"))
        assert supervisor.tend(until=lambda: "two" in written.getvalue(), seconds=10)

    assert written.getvalue().splitlines() == ["speaker | one", "speaker | two"]


def test_restarts_a_crashed_program_after_a_growing_pause_and_says_so() -> None:
    written = io.StringIO()

    with Supervisor(Screen(written)) as supervisor:
        supervisor.start(program("fragile", "print('last words', end='')\nraise SystemExit(3)"))
        assert supervisor.tend(until=lambda: "again in 2 s" in written.getvalue(), seconds=15)

    lines = written.getvalue().splitlines()
    assert lines == [
        "fragile | last words",
        "carehub | fragile ended (exit code 3); it is started again in 1 s",
        "fragile | last words",
        "carehub | fragile ended (exit code 3); it is started again in 2 s",
    ]


def test_names_the_signal_that_ended_a_program() -> None:
    written = io.StringIO()

    with Supervisor(Screen(written)) as supervisor:
        supervisor.start(program("victim", "import os\nos.kill(os.getpid(), 9)"))
        assert supervisor.tend(until=lambda: "killed by SIGKILL" in written.getvalue(), seconds=10)


def test_stops_programs_in_reverse_order() -> None:
    written = io.StringIO()

    with Supervisor(Screen(written)) as supervisor:
        for name in ("first", "second", "third"):
            supervisor.start(program(name, SAYS_WHEN_STOPPED))
        assert supervisor.tend(until=lambda: written.getvalue().count("up") == 3, seconds=15)

    ends = [line.split() for line in written.getvalue().splitlines() if "stopped" in line]
    assert [words[0] for words in sorted(ends, key=lambda words: int(words[-1]))] == [
        "third",
        "second",
        "first",
    ]


def test_kills_a_program_that_does_not_stop() -> None:
    written = io.StringIO()
    began = 0.0

    with Supervisor(Screen(written), grace=0.5) as supervisor:
        supervisor.start(program("stubborn", STUBBORN))
        assert supervisor.tend(until=lambda: "up" in written.getvalue(), seconds=10)
        began = time.monotonic()

    assert 0.5 < time.monotonic() - began < 5
    assert "stubborn| no" in written.getvalue()


def test_starts_a_server_that_ended_again() -> None:
    class Fallen:
        name = "Fallen"
        log_path = "its.log"
        is_running = False
        attempts = 0

        def start(self) -> None:
            self.attempts += 1
            self.is_running = self.attempts == 2
            if not self.is_running:
                raise ServerError("Fallen ended at once.")

    written = io.StringIO()
    server = Fallen()

    with Supervisor(Screen(written), [as_server(server)]) as supervisor:
        supervisor.start(program("needy", FOREVER))
        assert supervisor.tend(until=lambda: server.is_running, seconds=15)

    assert server.attempts == 2
    assert "Fallen ended at once.\nThe next attempt is in 5 s." in written.getvalue()


def as_server(double: object) -> Server:
    return double  # type: ignore[return-value]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_stops_everything_when_asked_by_a_signal(start_python: StartPython, number: signal.Signals) -> None:
    supervisor = start_python("-c", SUPERVISE)
    pids = read_pids(supervisor.stdout)

    supervisor.send_signal(number)
    rest, errors = supervisor.communicate(timeout=15)

    assert supervisor.returncode == 0, errors
    assert rest.endswith("all stopped\n")
    assert all(is_gone(pid) for pid in pids)


def test_leaves_no_orphan_when_it_is_killed(start_python: StartPython) -> None:
    supervisor = start_python("-c", SUPERVISE)
    pids = read_pids(supervisor.stdout)

    kill_and_await(supervisor)

    assert all(is_gone(pid) for pid in pids)


def test_stops_when_nobody_reads_its_lines_any_more(start_python: StartPython) -> None:
    chatty = SUPERVISE.replace("time.sleep(1)", "time.sleep(0.2); print('still here', flush=True)")
    supervisor = start_python("-c", chatty)
    pids = read_pids(supervisor.stdout)

    assert supervisor.stdout is not None
    supervisor.stdout.close()

    assert supervisor.wait(15) == 0
    assert all(is_gone(pid) for pid in pids)


def read_pids(lines: object) -> list[int]:
    """The process ids of the two programs, from the first lines that the supervisor shows."""
    stream = lines
    assert isinstance(stream, io.TextIOBase)
    return [int(stream.readline().split()[-1]) for _ in range(2)]
