"""What the person at the terminal sees: steps with ticks, and the lines of the running processes."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

COLOURS = {"red": 31, "green": 32, "yellow": 33, "blue": 34, "magenta": 35, "cyan": 36, "bold": 1, "faint": 2}


class Screen:
    """Writes to a terminal in colour, to a file or pipe plainly. Once nobody reads, it keeps silent."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._is_terminal = self._stream.isatty() and os.environ.get("TERM") != "dumb"
        self._is_coloured = self._is_terminal and not os.environ.get("NO_COLOR")
        self._has_unfinished_line = False
        self.is_closed = False

    def paint(self, text: str, colour: str) -> str:
        """The text in a colour of COLOURS, or as it is where colours are unwanted."""
        return f"\033[{COLOURS[colour]}m{text}\033[0m" if self._is_coloured else text

    def say(self, line: str = "") -> None:
        """Write one line."""
        # A step in progress is announced on a line that the next one replaces.
        self._write(("\r\033[K" if self._has_unfinished_line else "") + line + "\n")
        self._has_unfinished_line = False

    @contextmanager
    def step(self, doing: str, done: str) -> Iterator[None]:
        """Show that something is being done, then that it is done or failed, and how long it took."""
        if self._is_terminal:
            self._write(f"  … {doing}")
            self._has_unfinished_line = True
        began = time.monotonic()
        failed = True
        try:
            yield
            failed = False
        finally:
            mark = self.paint("✗", "red") if failed else self.paint("✓", "green")
            seconds = self.paint(f"{time.monotonic() - began:.1f} s", "faint")
            self.say(f"  {mark} {doing if failed else done}  {seconds}")

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Write rows in aligned columns below their heads."""
        widths = [max(len(cell) for cell in column) for column in zip(heads, *rows, strict=True)]

        def line(cells: Sequence[str]) -> str:
            pairs = zip(cells, widths, strict=True)
            return "  " + "  ".join(cell.ljust(width) for cell, width in pairs).rstrip()

        self.say(self.paint(line(heads), "bold"))
        for row in rows:
            self.say(line(row))

    def _write(self, text: str) -> None:
        if self.is_closed:
            return
        try:
            encoding = self._stream.encoding or "utf-8"
            self._stream.write(text.encode(encoding, "replace").decode(encoding))
            self._stream.flush()
        except OSError:
            # A pipe without reader, a terminal that was closed, a full disk.
            self.is_closed = True
            # Python would fail once more when it flushes the stream at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())
