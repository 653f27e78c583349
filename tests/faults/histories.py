"""Histories made by hand: two people on one record, one on another, and three writes."""

from collections.abc import Iterable, Iterator

from carehub.prove.history import INBOX, Line

READERS = {"harbour": {"Ada", "Ben"}, "meadow": {"Gus"}}

Row = tuple[int, str]
"""A number in an inbox and the write that stands there; its event is called `e-` and the write's name."""


def write(op: str, outcome: str, at: float, *, record: str = "harbour", who: str = "Ada") -> Iterator[Line]:
    """A write that takes a second."""
    yield Line(kind="invoke", at=at, op=op, who=who, record=record)
    if outcome:
        yield Line(kind=outcome, at=at + 1, op=op)  # type: ignore[arg-type]


def read(who: str, rows: Iterable[Row], *, via: str = INBOX, at: float = 100) -> Iterator[Line]:
    """Somebody reads these rows."""
    for n, op in rows:
        yield Line(kind="read", at=at, who=who, via=via, n=n, event=f"e-{op}", op=op)


def good() -> list[Line]:
    """Three acknowledged writes, one unanswered that happened, one that did not, one that was refused."""
    return [
        *write("a1", "ok", 1),
        *write("a2", "ok", 3),
        *write("g1", "ok", 3, record="meadow", who="Gus"),
        *write("a3", "unknown", 5),
        *write("a4", "unknown", 7),
        *write("a5", "fail", 9),
        *write("a6", "", 11),
        *read("Ada", [(1, "a1"), (2, "a2"), (3, "a3")]),
        *read("Ben", [(1, "a1"), (2, "a2"), (3, "a3")]),
        *read("Gus", [(1, "g1")]),
        *read("Ben", [(1, "a1"), (2, "a2"), (3, "a3")], via="Ben 1", at=6.5),
    ]


def without(who: str) -> list[Line]:
    """The good history without what this person read from the inbox."""
    return [line for line in good() if line.who != who or line.via != INBOX]
