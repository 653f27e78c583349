"""`make` finds a Python, or says in words what is missing."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from carehub.standalone.machine import CHECKOUT

pytestmark = pytest.mark.quick

TOOLS = ("make", "sh", "printf", "chmod", "test", "awk")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with the Makefile and a `bin` that holds nothing but what every system has."""
    shutil.copy(CHECKOUT / "Makefile", tmp_path)
    (tmp_path / "bin").mkdir()
    for tool in TOOLS:
        if place := shutil.which(tool):
            (tmp_path / "bin" / tool).symlink_to(place)
    return tmp_path


def make(checkout: Path, *arguments: str) -> tuple[int, str]:
    run = subprocess.run(
        [checkout / "bin" / "make", *arguments],
        cwd=checkout,
        env={"PATH": str(checkout / "bin")},
        capture_output=True,
        text=True,
        check=False,
    )
    return run.returncode, run.stdout


def write_python(checkout: Path, name: str, refused: str) -> None:
    """A Python that fails when asked for a certain module."""
    script = f'#!/bin/sh\ncase "$2" in *{refused}*) exit 1;; esac\nexec {sys.executable} "$@"\n'
    (checkout / "bin" / name).write_text(script)
    (checkout / "bin" / name).chmod(0o755)


def test_says_that_there_is_no_python(checkout: Path) -> None:
    code, words = make(checkout, "venv")

    assert code != 0
    assert "CareHub needs Python 3.11 or newer and found none" in words


def test_names_the_package_that_a_python_without_environments_lacks(checkout: Path) -> None:
    write_python(checkout, "python3", refused="ensurepip")

    code, words = make(checkout, "venv")

    assert code != 0
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert words.strip() == (
        f"python3 cannot make virtual environments: on Debian or Ubuntu, apt install python{version}-venv"
    )


def test_takes_the_next_python_if_the_first_cannot_make_environments(checkout: Path) -> None:
    write_python(checkout, "python3", refused="ensurepip")
    write_python(checkout, "python3.12", refused="nothing")

    code, words = make(checkout, "venv")

    assert code == 0, words
    assert (checkout / ".venv" / "bin" / "carehub").exists()


def test_lists_its_targets_by_default(checkout: Path) -> None:
    code, words = make(checkout)

    assert code == 0
    assert {line.split()[1] for line in words.splitlines()} >= {"up", "test", "quick", "lock"}
