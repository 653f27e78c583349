"""Nothing that serves care starts with a fault test's switches on."""

import os
import subprocess
import sys

import pytest

from tests.servers import ROOT, Installation

pytestmark = pytest.mark.slow

STARTS = {
    "sockets": ["-m", "daphne", "-b", "127.0.0.1", "-p", "0", "config.asgi:application"],
    "requests": ["-c", "import config.wsgi"],
    "worker": ["-m", "celery", "-A", "config.celery", "worker", "--pool=solo"],
    "sweeper": ["-m", "carehub", "sweep", "--once"],
}


@pytest.mark.parametrize("command", STARTS.values(), ids=STARTS)
def test_fail_points_are_refused_where_care_is_kept(house: Installation, command: list[str]) -> None:
    house.execute("UPDATE core_installation SET purpose = 'care'")
    environment = {
        **os.environ,
        **house.servers.environment(house.database, house.database),
        "CAREHUB_FAILPOINT": "before_commit:kill9",
    }

    ended = subprocess.run(
        [sys.executable, *command], env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )

    assert ended.returncode != 0
    assert "this database holds care" in ended.stderr + ended.stdout


@pytest.mark.quick
@pytest.mark.parametrize("command", ["verify-ledger", "sweep"])
def test_a_command_without_its_settings_says_which_is_missing(command: str) -> None:
    bare = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}

    ended = subprocess.run(
        [sys.executable, "-m", "carehub", command], env=bare, cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert ended.returncode != 0
    assert "Set the " in ended.stderr
    assert "deploy/env.example" in ended.stderr
    assert "Traceback" not in ended.stderr
