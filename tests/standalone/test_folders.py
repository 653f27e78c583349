"""Folders: what an unprivileged account can reach, and what only their owner can read."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from carehub.standalone.folders import (
    FolderError,
    SecretFile,
    closed_to,
    reachable_program,
    require_reachable,
    temporary_folder,
)
from carehub.standalone.tether import SystemUser

pytestmark = pytest.mark.quick

SOMEBODY = SystemUser("somebody", 4_000_000, 4_000_000)


def test_finds_the_folder_that_closes_the_way(folder: Path) -> None:
    folder.chmod(0o711)
    inner = folder / "closed" / "inner"
    inner.mkdir(parents=True)
    assert closed_to(inner, SOMEBODY) is None

    (folder / "closed").chmod(0o700)

    assert closed_to(inner, SOMEBODY) == (folder / "closed").resolve()
    assert closed_to(inner, None) is None


def test_says_which_folder_is_closed_and_what_to_do(folder: Path) -> None:
    folder.chmod(0o700)

    with pytest.raises(FolderError, match=f"{folder} is closed to the account 'somebody'.*Set CAREHUB_HOME"):
        require_reachable(folder, SOMEBODY)


def test_copies_a_program_that_cannot_be_reached_once(folder: Path) -> None:
    folder.chmod(0o711)
    source = folder / "closed"
    (source / "bin").mkdir(parents=True)
    (source / "bin" / "serve").write_text("program")
    (source / "bin" / "other").write_text("not needed")
    copy = folder / "copy"
    assert reachable_program(source, ["bin/serve"], copy, SOMEBODY) == source

    source.chmod(0o700)
    (source / "bin" / "serve").chmod(0o700)
    assert reachable_program(source, ["bin/serve"], copy, SOMEBODY) == copy
    (copy / "marker").touch()
    assert reachable_program(source, ["bin/serve"], copy, SOMEBODY) == copy

    assert (copy / "bin" / "serve").read_text() == "program"
    assert (copy / "bin" / "serve").stat().st_mode & 0o005 == 0o005
    assert not (copy / "bin" / "other").exists()
    assert (copy / "marker").exists()
    assert closed_to(copy / "bin", SOMEBODY) is None


def test_keeps_secrets_in_a_file_of_their_owner(folder: Path) -> None:
    path = folder / "secrets.json"

    first = SecretFile(path).get("one")
    SecretFile(path).get("two")

    assert SecretFile(path).get("one") == first
    assert len(first) == 43
    assert set(json.loads(path.read_text())) == {"one", "two"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_removes_a_temporary_folder() -> None:
    with temporary_folder() as path:
        (path / "file").touch()
    assert not path.exists()
