"""`carehub up` refuses what cannot work in one sentence, before it starts anything."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from carehub.standalone.servers import free_port
from carehub.standalone.state import StateFolder
from tests.standalone.processes import StartPython

OWNER_URL = "postgres://owner@127.0.0.1:1/carehub"


def refusal(start_python: StartPython, folder: Path, *arguments: str, **variables: str) -> tuple[int, str]:
    """Exit code and words of a `carehub up` that must not come up."""
    process = start_python("-m", "carehub", "up", *arguments, CAREHUB_HOME=str(folder / "state"), **variables)
    output, errors = process.communicate(timeout=30)
    assert "Traceback" not in errors
    assert output == ""
    assert not (folder / "state" / "postgres").exists()
    return process.returncode, errors.strip()


def test_refuses_a_port_in_use_with_the_remedy(start_python: StartPython, folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        code, words = refusal(start_python, folder, "--port", str(port))

    assert code == 1
    assert words.startswith(f"Port {port} of 127.0.0.1 is in use by another program")
    assert f"make up PORT={port + 1}" in words


def test_refuses_a_second_one_on_the_same_state(start_python: StartPython, folder: Path) -> None:
    with StateFolder(folder / "state").locked("http://127.0.0.1:8000"):
        code, words = refusal(start_python, folder, "--port", str(free_port()))

    assert code == 1
    assert words.startswith("CareHub already runs on the data in")
    assert "\n" not in words


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "carehub.example"])
def test_refuses_an_address_that_others_reach(start_python: StartPython, folder: Path, host: str) -> None:
    code, words = refusal(start_python, folder, "--host", host)

    assert code == 2
    assert f"does not listen on {host}" in words


def test_refuses_what_is_not_a_port(start_python: StartPython, folder: Path) -> None:
    assert refusal(start_python, folder, "--port", "70000") == (
        2,
        "70000 is not a port: choose one from 1 to 65535.",
    )


def test_refuses_to_reset_a_database_that_is_not_its_own(start_python: StartPython, folder: Path) -> None:
    code, words = refusal(start_python, folder, "--reset", DATABASE_URL=OWNER_URL, DATABASE_OWNER_URL=OWNER_URL)

    assert code == 2
    assert words.startswith("--reset deletes private data only")


def test_refuses_a_database_that_it_could_not_migrate(start_python: StartPython, folder: Path) -> None:
    code, words = refusal(start_python, folder, DATABASE_URL=OWNER_URL)

    assert code == 2
    assert words.startswith("DATABASE_URL is set but DATABASE_OWNER_URL is not")
