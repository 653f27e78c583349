"""The state of a one-machine installation: its place, its holder, its memory and what a reset deletes."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest

from carehub.standalone.folders import FolderError
from carehub.standalone.servers import free_port
from carehub.standalone.state import StateFolder, StateInUse, can_listen, default_folder
from tests.standalone.processes import StartPython, kill_and_await

pytestmark = pytest.mark.quick

HOLD = """
import sys, time
from pathlib import Path
from carehub.standalone.state import StateFolder
with StateFolder(Path({path!r})).locked("http://127.0.0.1:8765"):
    print("held", flush=True)
    time.sleep(600)
"""


def test_is_where_the_person_chose() -> None:
    assert default_folder({"CAREHUB_HOME": "/somewhere"}, Path("/src/carehub")) == Path("/somewhere")


def test_is_not_shared_by_two_checkouts_of_one_person() -> None:
    one = default_folder({}, Path("/src/one/carehub"))
    other = default_folder({}, Path("/src/other/carehub"))

    assert one != other
    assert one == default_folder({}, Path("/src/one/carehub"))


def test_of_root_does_not_lie_in_the_closed_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert default_folder({"HOME": "/root"}, Path("/src/carehub")).parent == Path("/var/tmp")

    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    shared = {"XDG_DATA_HOME": "/home/ann/data"}
    assert default_folder(shared, Path("/src/carehub")).parent == Path("/home/ann/data/carehub")


def test_is_refused_if_another_user_has_made_the_folder(folder: Path) -> None:
    target = folder / "theirs"
    target.mkdir()
    (folder / "state").symlink_to(target)

    with pytest.raises(FolderError, match="belongs to another user"):
        StateFolder(folder / "state")


def test_is_held_by_one_process_and_the_other_is_told_how_to_stop_it(folder: Path, start_python: StartPython) -> None:
    holder = start_python("-c", HOLD.format(path=str(folder)))
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"

    with pytest.raises(StateInUse) as refusal, StateFolder(folder).locked("http://127.0.0.1:8766"):
        pytest.fail("two processes hold one state")

    assert f"process {holder.pid}, http://127.0.0.1:8765" in str(refusal.value)
    assert f"`kill {holder.pid}`" in str(refusal.value)


def test_is_taken_over_from_a_dead_process(folder: Path, start_python: StartPython) -> None:
    holder = start_python("-c", HOLD.format(path=str(folder)))
    assert holder.stdout is not None
    holder.stdout.readline()
    kill_and_await(holder)

    with StateFolder(folder).locked("http://127.0.0.1:8766"):
        assert (folder / "up.lock").read_text()


def test_remembers_its_ports_until_one_is_taken(folder: Path) -> None:
    first = StateFolder(folder).postgres().port
    assert StateFolder(folder).postgres().port == first
    assert StateFolder(folder).valkey().port != first

    with socket.create_server(("127.0.0.1", first)):
        second = StateFolder(folder).postgres().port

    assert second != first
    assert StateFolder(folder).postgres().port == second


def test_keeps_one_secret_key_for_its_owner(folder: Path) -> None:
    key = StateFolder(folder).secret_key

    assert StateFolder(folder).secret_key == key
    assert len(key) == 43
    assert stat.S_IMODE((folder / "secrets.json").stat().st_mode) == 0o600


def test_reset_deletes_what_is_its_own_and_nothing_else(folder: Path) -> None:
    state = StateFolder(folder)
    key = state.secret_key
    state.postgres().folder.mkdir()
    (folder / "postgres" / "data").mkdir()
    (folder / "diary.txt").write_text("not CareHub's")

    state.reset()

    assert [path.name for path in folder.iterdir()] == ["diary.txt"]
    assert state.secret_key != key


def test_knows_a_port_that_is_in_use() -> None:
    port = free_port()
    assert can_listen("127.0.0.1", port) is None

    with socket.create_server(("127.0.0.1", port)):
        assert can_listen("127.0.0.1", port) is not None
