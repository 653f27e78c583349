"""The generated pages of docs/ say what the code does."""

from pathlib import Path

import pytest

from carehub.cli import main
from carehub.cli.documents import DOCUMENTS

pytestmark = pytest.mark.quick


def test_are_fresh(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["docs", "--check"]) == 0, capsys.readouterr().err


def test_a_stale_or_missing_one_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, make in DOCUMENTS.items():
        (tmp_path / name).write_text(make(), encoding="utf-8")
    (tmp_path / "events.md").write_text("as it was\n")
    (tmp_path / "openapi.json").unlink()

    assert main(["docs", "--check", "--folder", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert "events.md is stale" in said
    assert "openapi.json is stale" in said
    assert "permissions.md" not in said

    assert main(["docs", "--folder", str(tmp_path)]) == 0
    assert main(["docs", "--check", "--folder", str(tmp_path)]) == 0


def test_outside_a_checkout_it_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["docs", "--folder", str(tmp_path / "none")]) == 2
    assert "--folder" in capsys.readouterr().err
