"""Installing pinned packages: once for each list, and with pip's own words when it fails."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from carehub.standalone.install import main

pytestmark = pytest.mark.quick

PINNED = f"surely-not-a-package==1.0 \\\n    --hash=sha256:{'0' * 64}\n"


@pytest.fixture
def requirements(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A list that no index can satisfy, and an environment that remembers nothing."""
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    path = tmp_path / "list.txt"
    path.write_text(PINNED)
    return path


def test_does_nothing_while_the_list_is_the_same(requirements: Path) -> None:
    (requirements.parent / "installed-list.txt").write_text(PINNED)

    assert main(requirements) == 0


def test_shows_what_pip_says_and_tries_again_next_time_when_it_fails(
    requirements: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(requirements) != 0

    words = capsys.readouterr().out
    assert words.startswith("Installing 1 packages of")
    assert "No matching distribution found for surely-not-a-package==1.0" in words
    assert "run the same command again" in words
    assert not (requirements.parent / "installed-list.txt").exists()
