"""Is a history one that CareHub may have? Pure functions over its lines; each violation is named and said in words.

An acknowledged write is in the inbox of each of its readers, once; a refused one is nowhere; one without an answer
is with all of its readers or with none. Inboxes are numbered 1, 2, 3 ...; what ended before something else began
stands before it; whoever shares two events has them in one order; a socket tells what the inbox tells.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from itertools import combinations
from typing import Literal

from carehub.prove.history import INBOX, Line, percentile

Fault = Literal["lost", "unexpected", "torn", "duplicated", "gap", "order", "differs", "stale", "leaked"]

Readers = Mapping[str, Set[str]]
"""Record -> names of those who must get what is written there."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that must not be."""

    fault: Fault
    words: str


@dataclass(slots=True)
class Write:
    """One write as its writer saw it; `ended` is None while no answer is written down."""

    who: str
    record: str
    invoked: float
    outcome: str = "unknown"
    ended: float | None = None


@dataclass(slots=True)
class Told:
    """A history, sorted by what is asked of it."""

    writes: dict[str, Write] = field(default_factory=dict)
    inboxes: dict[str, list[Line]] = field(default_factory=lambda: defaultdict(list))
    sockets: dict[tuple[str, str], list[Line]] = field(default_factory=lambda: defaultdict(list))


def sort(lines: Iterable[Line]) -> Told:
    """Fold a history. A write that never ended is unknown."""
    told = Told()
    for line in lines:
        if line.kind == "invoke":
            told.writes[line.op] = Write(line.who, line.record, line.at)
        elif line.kind in ("ok", "fail", "unknown"):
            told.writes[line.op].outcome, told.writes[line.op].ended = line.kind, line.at
        elif line.kind == "read" and line.via == INBOX:
            told.inboxes[line.who].append(line)
        elif line.kind == "read":
            told.sockets[line.who, line.via].append(line)
    return told


def check(lines: Iterable[Line], readers: Readers) -> list[Violation]:
    """Every violation of a history whose inboxes were drained after everything was whole again."""
    told = sort(lines)
    return [
        *_missing(told, readers),
        *_unexpected(told, readers),
        *_duplicated(told),
        *_gaps(told),
        *_began_after(told),
        *_one_order(told),
        *_sockets(told),
    ]


def _missing(told: Told, readers: Readers) -> Iterator[Violation]:
    holders = defaultdict(set)
    for who, rows in told.inboxes.items():
        for row in rows:
            holders[row.op].add(who)
    for op, write in told.writes.items():
        missing = readers[write.record] - holders[op]
        if missing and write.outcome == "ok":
            yield Violation("lost", f"{op} was acknowledged to {write.who} and is not with {_names(missing)}")
        elif missing and holders[op] and write.outcome == "unknown":
            yield Violation("torn", f"{op} is with {_names(holders[op])} and not with {_names(missing)}")


def _unexpected(told: Told, readers: Readers) -> Iterator[Violation]:
    for who, rows in told.inboxes.items():
        for row in rows:
            if not row.op:
                continue
            write = told.writes.get(row.op)
            if write is None:
                yield Violation("unexpected", f"{who} has {row.op}, which nobody wrote")
            elif who not in readers[write.record]:
                yield Violation("unexpected", f"{who} has {row.op}, which is not for {who}")
            elif write.outcome == "fail":
                yield Violation("unexpected", f"{who} has {row.op}, which was refused to {write.who}")


def _duplicated(told: Told) -> Iterator[Violation]:
    for who, rows in told.inboxes.items():
        # One event sent twice under one number is no duplicate: whoever reads drops it.
        once = {(row.n, row.event): row for row in rows}.values()
        for what in ("event", "op"):
            counted = Counter(getattr(row, what) for row in once)
            for name, times in counted.items():
                if name and times > 1:
                    yield Violation("duplicated", f"{who} has the {what} {name} {times} times")


def _gaps(told: Told) -> Iterator[Violation]:
    for who, rows in told.inboxes.items():
        numbers = {row.n for row in rows}
        missing = set(range(1, max(numbers, default=0) + 1)) - numbers
        if missing:
            yield Violation("gap", f"{who} lacks {len(missing)} numbers, the first is {min(missing)}")


def _began_after(told: Told) -> Iterator[Violation]:
    for who, rows in told.inboxes.items():
        latest, latest_op = 0.0, ""
        if [row.n for row in rows] != sorted(row.n for row in rows):
            yield Violation("order", f"{who} was given numbers that fall")
        for row in rows:
            write = told.writes.get(row.op)
            if write is None:
                continue
            if write.outcome == "ok" and write.ended is not None and write.ended < latest:
                yield Violation("order", f"{who} has {row.op} behind {latest_op}, which began after it had ended")
            if write.invoked > latest:
                latest, latest_op = write.invoked, row.op


def _one_order(told: Told) -> Iterator[Violation]:
    for one, other in combinations(sorted(told.inboxes), 2):
        mine, theirs = ([row.event for row in told.inboxes[who]] for who in (one, other))
        shared = set(mine) & set(theirs)
        pairs = zip(_only(mine, shared), _only(theirs, shared), strict=False)
        apart = next((pair for pair in pairs if pair[0] != pair[1]), None)
        if apart:
            yield Violation("order", f"{one} and {other} have {apart[0]} and {apart[1]} in different orders")


def _sockets(told: Told) -> Iterator[Violation]:
    for (who, via), rows in told.sockets.items():
        pushed = {row.n: (row.event, row.digest) for row in rows}
        kept = {row.n: (row.event, row.digest) for row in told.inboxes.get(who, []) if row.n >= min(pushed)}
        if pushed != kept:
            wrong = sorted(n for n in pushed.keys() | kept.keys() if pushed.get(n) != kept.get(n))
            yield Violation("differs", f"{via} of {who} and the inbox differ in {len(wrong)} numbers from {wrong[0]}")


def waits(lines: Iterable[Line], readers: Readers) -> list[float]:
    """For each acknowledged write and each socket of its readers that was open before: seconds until it was there.

    Counted from the acknowledgement; what arrived before counts as 0.
    """
    told = sort(lines)
    found = []
    for (who, _), rows in told.sockets.items():
        arrived = {row.op: row.at for row in reversed(rows)}
        found += [
            max(0.0, arrived[op] - write.ended)
            for op, write in told.writes.items()
            if write.outcome == "ok" and write.ended is not None and who in readers[write.record] and op in arrived
        ]
    return found


def stale(lines: Sequence[Line], readers: Readers, within: float) -> list[Violation]:
    """A violation when a socket learned of an acknowledged write later than this many seconds after, or never."""
    told = sort(lines)
    never = [
        op for (who, _), rows in told.sockets.items() for op in _ops_for(told, readers, who) - {row.op for row in rows}
    ]
    late = [wait for wait in waits(lines, readers) if wait > within]
    found = []
    if never:
        found.append(Violation("stale", f"{len(never)} acknowledged writes never reached a socket, as {never[0]}"))
    if late:
        found.append(
            Violation("stale", f"{len(late)} were visible later than {within:g} s, at worst {max(late):.1f} s")
        )
    return found


def leaked(lines: Iterable[Line], within: float = 1.0) -> list[Violation]:
    """What somebody was told of a record later than this many seconds after he left its team, but of our writes only:
    that he has left, he is told."""
    left: dict[tuple[str, str], float] = {}
    found = []
    for line in lines:
        if line.kind == "leave":
            left[line.who, line.record] = line.at
        elif line.kind == "join":
            left.pop((line.who, line.record), None)
        elif line.kind == "read" and line.op and line.at > left.get((line.who, line.record), line.at) + within:
            found.append(Violation("leaked", f"{line.who} was told {line.op} after leaving"))
    return found


def counts(lines: Sequence[Line], readers: Readers) -> dict[str, float]:
    """How much was done: writes by outcome, numbers read, sockets, and how long sockets waited."""
    told = sort(lines)
    outcomes = Counter(write.outcome for write in told.writes.values())
    waited = waits(lines, readers)
    return {
        "acknowledged": outcomes["ok"],
        "unanswered": outcomes["unknown"],
        "refused": outcomes["fail"],
        "sockets": len(told.sockets),
        "visible p50 s": round(percentile(waited, 0.5), 2),
        "visible max s": round(max(waited, default=0.0), 2),
    }


def _ops_for(told: Told, readers: Readers, who: str) -> set[str]:
    return {op for op, write in told.writes.items() if write.outcome == "ok" and who in readers[write.record]}


def _only(events: Iterable[str], chosen: Set[str]) -> list[str]:
    return [event for event in dict.fromkeys(events) if event in chosen]


def _names(people: Iterable[str]) -> str:
    return ", ".join(sorted(people))
