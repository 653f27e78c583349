"""`carehub prove`: what it refuses, what it reports, and that it leaves nothing running."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from carehub.cli import main
from carehub.prove.report import as_json, line, table
from carehub.prove.run import Result
from carehub.prove.scenarios import SCENARIOS, choose
from tests.servers import ROOT, wait_until

HELD = Result("F01", "a server killed", 7, 12.3, {"acknowledged": 5000, "again max s": 0.9}, [])
BROKEN = Result("F03", "the database killed", 7, 4.0, {}, [f"lost: w{i}" for i in range(12)])


@pytest.mark.quick
def test_refuses_a_fault_that_does_not_exist(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove", "--only", "F01,F99"]) == 2

    said = capsys.readouterr().err
    assert "F99" in said
    assert "F01" in said


@pytest.mark.quick
def test_chooses_by_id_whatever_their_case_and_order() -> None:
    assert [scenario.id for scenario in choose("f13, F01")] == ["F01", "F13"]
    assert choose(None) == list(SCENARIOS)
    assert len({scenario.id for scenario in SCENARIOS}) == len(SCENARIOS)


@pytest.mark.quick
def test_reports_figures_and_what_did_not_hold() -> None:
    assert "All 1 held; of 5,000 acknowledged writes none is lost." in table([HELD])
    assert "again max s 0.9" in table([HELD])
    assert "1 of 2 did not hold: F03." in table([HELD, BROKEN])
    assert "lost: w9" in line(BROKEN)
    assert "and 2 more" in line(BROKEN)


@pytest.mark.quick
def test_reports_to_machines() -> None:
    document = json.loads(as_json([HELD, BROKEN], seed=7, size="quick"))

    assert (document["held"], document["seed"], document["size"]) == (False, 7, "quick")
    assert [(found["id"], found["held"]) for found in document["scenarios"]] == [("F01", True), ("F03", False)]
    assert document["scenarios"][0]["figures"]["acknowledged"] == 5000


@pytest.mark.slow
def test_leaves_nothing_behind_when_interrupted(tmp_path: Path) -> None:
    said = tmp_path / "said"
    temporary = Path("/var/tmp") / f"carehub-prove-{os.getpid()}"
    temporary.mkdir(mode=0o755)
    with said.open("wb") as out:
        prove = subprocess.Popen(
            [sys.executable, "-m", "carehub", "prove", "--only", "F13"],
            cwd=ROOT,
            env=os.environ | {"TMPDIR": str(temporary), "PYTHONPATH": str(ROOT)},
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_until(lambda: b"[1/1] F13" in said.read_bytes() and _running(temporary), 60, said)
        prove.send_signal(signal.SIGINT)

        assert prove.wait(30) == 130, said.read_text()
        wait_until(lambda: not _running(temporary), 5)
        assert list(temporary.iterdir()) == []
    finally:
        prove.kill()
        prove.wait()
        temporary.rmdir()


def _running(folder: Path) -> list[str]:
    """The commands of processes that name this folder."""
    listing = subprocess.run(["ps", "-ww", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return [command for command in listing.splitlines() if str(folder) in command]
