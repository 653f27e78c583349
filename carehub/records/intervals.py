"""Arithmetic of half-open times `[start, end)`. Knows neither people nor tables."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

Interval = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Holder:
    """One who holds a role: when he is away with nobody in his place, and when on duty (None: no shifts are kept)."""

    away: Sequence[Interval] = ()
    duty: Sequence[Interval] | None = None


def gaps(window: Interval, holders: Sequence[Holder], on_call: Iterable[Interval]) -> list[Interval]:
    """The times within the window in which a role is uncovered: nobody holds it then, and nobody is on call for it."""
    covered = [*on_call]
    for holder in holders:
        present = [window] if holder.duty is None else holder.duty
        covered += minus(present, holder.away)
    return minus([window], covered)


def minus(wholes: Iterable[Interval], parts: Iterable[Interval]) -> list[Interval]:
    """What is in one of the wholes and in none of the parts, in order."""
    taken = union(parts)
    left: list[Interval] = []
    for start, end in union(wholes):
        for taken_start, taken_end in taken:
            if taken_end <= start or taken_start >= end:
                continue
            if taken_start > start:
                left.append((start, taken_start))
            start = taken_end
            if start >= end:
                break
        if start < end:
            left.append((start, end))
    return left


def both(some: Iterable[Interval], others: Iterable[Interval]) -> list[Interval]:
    """What is in one of these and in one of those, in order."""
    others = union(others)
    met = [(max(a, c), min(b, d)) for a, b in union(some) for c, d in others]
    return [(start, end) for start, end in met if start < end]


def union(intervals: Iterable[Interval]) -> list[Interval]:
    """The same times without overlap, in order; what touches becomes one, what is empty none."""
    joined: list[Interval] = []
    for start, end in sorted(i for i in intervals if i[0] < i[1]):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined
