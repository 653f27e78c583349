"""What a newcomer reads names files, tests and commands that exist."""

import re
from pathlib import Path

import pytest

from carehub.cli import COMMANDS

pytestmark = pytest.mark.quick

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(page: Path) -> list[str]:
    """The relative links of a page that lead nowhere."""
    found = []
    for link in re.findall(r"\]\((?!https?:|mailto:)([^)\s]+)\)", page.read_text()):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            found.append(link)
    return found


def missing_tests(page: Path) -> list[str]:
    """The tests that a page names and that are not there."""
    named = re.findall(r"(tests/[\w/]+\.py)(?:::(\w+))?", page.read_text())
    return [
        f"{path}::{test}"
        for path, test in named
        if not (ROOT / path).is_file() or (test and f"def {test}(" not in (ROOT / path).read_text())
    ]


@each_page
def test_links_lead_somewhere(page: Path) -> None:
    assert broken_links(page) == []


@each_page
def test_tests_that_are_named_exist(page: Path) -> None:
    assert missing_tests(page) == []


@each_page
def test_commands_that_are_named_exist(page: Path) -> None:
    named = re.findall(r"(?:bin/|`)carehub ([a-z-]+)", page.read_text())

    assert set(named) - set(COMMANDS) == set()


@each_page
def test_make_targets_that_are_named_exist(page: Path) -> None:
    targets = re.findall(r"^([a-z]+)(?: [a-z]+)*:", (ROOT / "Makefile").read_text(), re.MULTILINE)

    assert set(re.findall(r"(?:`|^)make ([a-z]+)", page.read_text(), re.MULTILINE)) - set(targets) == set()


def test_what_is_not_there_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Here\n[a](#here) [b](#there) [c](gone.md) `tests/deploy/test_prose.py::test_that_is_not`")

    assert broken_links(page) == ["#there", "gone.md"]
    assert missing_tests(page) == ["tests/deploy/test_prose.py::test_that_is_not"]
