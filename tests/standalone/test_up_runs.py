"""`carehub up` from nothing: becomes ready, is killed without orphans, resumes with its data, is stopped."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import urllib.request
from pathlib import Path

import psycopg
import pytest

from carehub.standalone.foreground import command_of
from carehub.standalone.servers import APP_ROLE, LOOPBACK, OWNER_ROLE, free_port
from tests.standalone.processes import StartPython, is_gone, kill_and_await

pytestmark = pytest.mark.slow


def test_becomes_ready_leaves_no_orphan_resumes_and_stops(start_python: StartPython, folder: Path) -> None:
    state = folder / "state"
    port = free_port()

    first = start_python("-m", "carehub", "up", "--port", str(port), CAREHUB_HOME=str(state))
    accounts = await_welcome(first)
    assert readiness(port) == 200
    assert len(accounts) >= 2
    with psycopg.connect(database_url(state, OWNER_ROLE)) as connection:
        connection.execute("create table left_by_the_first_run (number int)")
    children = children_of(first.pid)
    assert len(children) == 5

    kill_and_await(first)
    assert all(is_gone(pid) for pid in children)

    second = start_python("-m", "carehub", "up", "--port", str(port), CAREHUB_HOME=str(state))
    assert await_welcome(second) == accounts
    assert readiness(port) == 200
    with psycopg.connect(database_url(state, APP_ROLE)) as connection:
        found = connection.execute("select to_regclass('left_by_the_first_run') is not null").fetchone()
        assert found == (True,)

    children = children_of(second.pid)
    second.send_signal(signal.SIGINT)
    rest, errors = second.communicate(timeout=40)
    assert second.returncode == 0, errors
    assert f"The data are kept in {state}" in rest
    assert all(is_gone(pid) for pid in children)
    with socket.create_server((LOOPBACK, port)):
        pass


def await_welcome(process: subprocess.Popen[str]) -> list[str]:
    """The lines of the table of accounts, once they are printed."""
    assert process.stdout is not None
    rows: list[str] = []
    for line in process.stdout:
        if "Ctrl-C stops everything" in line:
            return rows
        if "@" in line and not line.startswith(("web ", "worker ", "sweeper")):
            rows.append(line)
    pytest.fail(f"carehub up ended with {process.wait(10)}: {process.stderr and process.stderr.read()}")


def readiness(port: int) -> int:
    with urllib.request.urlopen(f"http://{LOOPBACK}:{port}/readyz", timeout=5) as answer:
        return int(answer.status)


def database_url(state: Path, role: str) -> str:
    port = json.loads((state / "ports.json").read_text())["postgres"]
    password = json.loads((state / "postgres" / "passwords.json").read_text())[role]
    return f"postgres://{role}:{password}@{LOOPBACK}:{port}/carehub"


def children_of(pid: int) -> list[int]:
    """The process ids of a process's direct children."""
    listing = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in listing.split() if command_of(int(child))]
