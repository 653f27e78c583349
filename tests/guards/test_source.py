"""Rules of the house that are read from the source."""

import ast
from collections.abc import Iterable, Iterator
from importlib import import_module
from inspect import getdoc
from pathlib import Path

import pytest

from tests.servers import ROOT

pytestmark = pytest.mark.quick

CAREHUB, TESTS = ROOT / "carehub", ROOT / "tests"
LINES = 400

SLEEPS = {
    "tests/bench/machine.py": "keeps the rate at which a benchmark sends, and polls a counter in shared memory",
    "tests/servers.py": "wait_until polls a condition that nothing announces",
    "tests/journeys/test_bad_input.py": "keeps below the number of frames a second past which the socket closes",
}
"""Files of the tests that may sleep, each with the reason."""


def sources(folder: Path) -> Iterator[tuple[str, str]]:
    """Each module below a folder: its path from the root, and its text."""
    for file in sorted(folder.rglob("*.py")):
        yield file.relative_to(ROOT).as_posix(), file.read_text(encoding="utf-8")


def imported(source: str) -> set[str]:
    """Every dotted name that a module imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def uses_signals(source: str) -> bool:
    """Whether a module listens to or sends Django's signals."""
    return any("django.dispatch" in name or ".signals" in name for name in imported(source))


def sleeps(source: str) -> bool:
    """Whether a module calls something named sleep with a duration; `sleep(0)` only lets others run."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return any(
        getattr(call.func, "attr", getattr(call.func, "id", "")) == "sleep"
        and not (call.args and isinstance(call.args[0], ast.Constant) and call.args[0].value == 0)
        for call in calls
    )


def undeclared(rooms: Iterable[str]) -> set[str]:
    """Rooms whose docstring does not say what they own and what they must not know."""
    missing = set()
    for room in rooms:
        said = getdoc(import_module(f"carehub.{room}")) or ""
        if "Owns" not in said or "Must not" not in said:
            missing.add(room)
    return missing


def rooms() -> set[str]:
    """The packages of carehub that are parts of care, and those that stand apart."""
    return {init.parent.name for init in CAREHUB.glob("*/__init__.py")}


def test_no_signals() -> None:
    assert [name for name, text in sources(CAREHUB) if uses_signals(text)] == []
    assert [name for name, text in sources(ROOT / "config") if uses_signals(text)] == []


@pytest.mark.parametrize(
    "source",
    [
        "from django.dispatch import receiver",
        "import django.dispatch",
        "from django.db.models.signals import post_save",
        "from django.db.models import signals",
        "from django.core import signals as s",
    ],
)
def test_a_signal_is_noticed(source: str) -> None:
    assert uses_signals(source)


def test_no_sleep_where_a_condition_can_be_awaited() -> None:
    assert {name for name, text in sources(TESTS) if sleeps(text)} - set(SLEEPS) == set()


def test_the_sleeps_are_still_needed() -> None:
    assert {name for name in SLEEPS if not sleeps((ROOT / name).read_text())} == set()


@pytest.mark.parametrize("source", ["time.sleep(1)", "await_(asyncio.sleep(0.1))", "sleep(seconds)"])
def test_a_sleep_is_noticed(source: str) -> None:
    assert sleeps(source)
    assert not sleeps("asyncio.sleep(0)")


STANDING_APART = {"cli", "client", "standalone"}
"""No rooms: the command line, the client that imports nothing of us, and the supervisor of one machine."""


def test_each_room_says_what_it_owns_and_what_it_must_not() -> None:
    assert undeclared(rooms() - STANDING_APART) == set()


def test_a_room_that_says_neither_is_noticed() -> None:
    assert undeclared(STANDING_APART) == STANDING_APART


def test_no_file_is_too_long() -> None:
    assert {n: len(t.splitlines()) for n, t in sources(CAREHUB) if len(t.splitlines()) > LINES} == {}
