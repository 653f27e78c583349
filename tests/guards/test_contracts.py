"""Each import contract can fail: one forbidden import in a copy of the house, and lint-imports names that contract."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import ROOT

pytestmark = pytest.mark.slow

CONTRACTS: list[str] = [
    contract["name"]
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
]

# beginning of the contract's name, module, forbidden import
BREAKS = (
    ("Floors", "carehub/directory/models.py", "import carehub.plans.models"),
    ("Inside a room", "carehub/plans/models.py", "import carehub.plans.actions"),
    ("Doors are private", "carehub/console/pages.py", "import carehub.plans.api"),
    ("Django REST framework", "carehub/plans/queries.py", "import rest_framework"),
    ("Channels stays", "carehub/delivery/hub.py", "import channels.layers"),
    ("Celery stays", "carehub/delivery/hub.py", "import celery"),
    ("Only actions publish", "carehub/plans/queries.py", "import carehub.events.publish"),
    ("Only actions, queries, receipts", "carehub/console/pages.py", "import carehub.audit.trail"),
    ("Only access builds", "carehub/plans/actions.py", "import carehub.events.audience"),
    ("Rooms do not know", "carehub/plans/queries.py", "import config.settings"),
)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The house without its static files, to be broken."""
    folder = tmp_path_factory.mktemp("house")
    for name in ("carehub", "config"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "static"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    yield folder
    shutil.rmtree(folder)


def broken(folder: Path) -> set[str]:
    """The names of the contracts that do not hold there."""
    run = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--cache-dir", folder / ".cache"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder), "COLUMNS": "300", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    verdicts = dict(re.findall(r"^(.+?) (KEPT|BROKEN)\b", run.stdout, re.MULTILINE))
    assert list(verdicts) == CONTRACTS, run.stdout + run.stderr
    assert run.returncode == int("BROKEN" in verdicts.values())
    return {name for name, verdict in verdicts.items() if verdict == "BROKEN"}


def test_the_house_keeps_them(copy: Path) -> None:
    assert broken(copy) == set()


def test_each_has_its_break() -> None:
    assert [next(name for name in CONTRACTS if name.startswith(begins)) for begins, _, _ in BREAKS] == CONTRACTS


@pytest.mark.parametrize(("begins", "module", "forbidden"), BREAKS, ids=[begins for begins, _, _ in BREAKS])
def test_a_forbidden_import_is_reported(copy: Path, begins: str, module: str, forbidden: str) -> None:
    file = copy / module
    whole = file.read_text(encoding="utf-8")
    file.write_text(f"{whole}\n{forbidden}\n", encoding="utf-8")
    try:
        found = broken(copy)
    finally:
        file.write_text(whole, encoding="utf-8")

    assert found == {next(name for name in CONTRACTS if name.startswith(begins))}


def test_a_room_that_stands_on_no_floor_is_reported(copy: Path) -> None:
    room = copy / "carehub" / "billing"
    room.mkdir()
    (room / "__init__.py").write_text("")
    try:
        assert {name.partition(":")[0] for name in broken(copy)} == {"Floors"}
    finally:
        shutil.rmtree(room)
