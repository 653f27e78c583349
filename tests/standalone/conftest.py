"""Folders for private servers, and eyes on processes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from carehub.standalone.folders import temporary_folder
from carehub.standalone.machine import CHECKOUT
from tests.standalone.processes import StartPython, clean_environment


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short-lived folder that the servers' account reaches."""
    with temporary_folder() as path:
        yield path


@pytest.fixture
def start_python() -> Iterator[StartPython]:
    """Start Python programs that can import carehub; whatever still runs at the end is killed."""
    with ExitStack() as stack:

        def start(*arguments: str, **variables: str) -> subprocess.Popen[str]:
            process = subprocess.Popen(
                [sys.executable, *arguments],
                env=clean_environment(**variables),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                cwd=CHECKOUT,
            )
            stack.enter_context(process)
            stack.callback(process.kill)
            return process

        yield start
