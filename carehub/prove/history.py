"""What every client asked and was told, one JSON line each, written before the next thing happens.

A write is invoked and then ends once: `ok` (acknowledged), `fail` (refused: it must not exist) or `unknown` (no
answer came: it may or may not exist, whole). What somebody read has where it came from: `inbox`, or a socket's name.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import msgspec

INBOX = "inbox"

Kind = Literal["invoke", "ok", "fail", "unknown", "read", "fault", "join", "leave"]


class Line(msgspec.Struct, omit_defaults=True, frozen=True, kw_only=True):
    """One line. `at` is in seconds of the machine's monotonic clock; `op` names a write and is its text.

    `digest` is that of an event as it was read, with what it asks of its reader.
    """

    kind: Kind
    at: float
    op: str = ""
    who: str = ""
    record: str = ""
    via: str = ""
    n: int = 0
    event: str = ""
    digest: str = ""
    words: str = ""


class History:
    """Appends lines to a file, unbuffered: they outlive this process. Closing it syncs it to the disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def invoke(self, op: str, *, who: str, record: str) -> None:
        """Somebody is about to write."""
        self._append(Line(kind="invoke", at=time.monotonic(), op=op, who=who, record=record))

    def end(self, op: str, outcome: Literal["ok", "fail", "unknown"], words: str = "") -> None:
        """How a write ended for who wrote."""
        self._append(Line(kind=outcome, at=time.monotonic(), op=op, words=words))

    def read(self, *, who: str, via: str, n: int, event: str, op: str, digest: str = "", record: str = "") -> None:
        """Somebody got an event; `op` is empty when it is not of our writing."""
        line = Line(
            kind="read",
            at=time.monotonic(),
            who=who,
            via=via,
            n=n,
            event=event,
            op=op,
            digest=digest,
            record=record,
        )
        self._append(line)

    def leave(self, who: str, *, record: str) -> None:
        """Somebody's place on a team has ended: whoever ended it was told so."""
        self._append(Line(kind="leave", at=time.monotonic(), who=who, record=record))

    def join(self, who: str, *, record: str) -> None:
        """Somebody is about to be given a place on a team."""
        self._append(Line(kind="join", at=time.monotonic(), who=who, record=record))

    def fault(self, words: str) -> None:
        """Something was broken or mended."""
        self._append(Line(kind="fault", at=time.monotonic(), words=words))

    def sync(self) -> None:
        """Return once everything is on the disk."""
        os.fsync(self._file)

    def close(self) -> None:
        """Sync and close."""
        self.sync()
        os.close(self._file)

    def _append(self, line: Line) -> None:
        os.write(self._file, msgspec.json.encode(line) + b"\n")


def read_history(path: Path) -> list[Line]:
    """Every line of a history file, in order."""
    return msgspec.json.decode(b"[" + b",".join(path.read_bytes().splitlines()) + b"]", type=list[Line])


def percentile(values: Iterable[float], share: float) -> float:
    """The value below which this share (0 to 1) of the values lies; 0 when there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
