"""The geometry and words of the reports' charts: bars against a clock's line, and a week of hours."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from carehub.reports.queries.interruptions import Hour
from carehub.reports.queries.times import Stage, Times

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
LEVELS = 5
STAGES = {"done": "acknowledged or answered", "seen": "seen", "received": "received"}


@dataclass(frozen=True, slots=True)
class Bar:
    """One role: the widths of its bars in per cent of the chart's, and its figures in words."""

    label: str
    stage: Stage
    half: float
    most: float
    words: str


@dataclass(frozen=True, slots=True)
class Bars:
    """One priority. `line` is where the clock's line stands, in per cent; None where no clock runs."""

    priority: str
    bars: Sequence[Bar]
    line: float | None
    within: str


@dataclass(frozen=True, slots=True)
class Cell:
    """One hour of one day of the week; `level` 0 is none, 5 the most."""

    hour: int
    n: int
    level: int


@dataclass(frozen=True, slots=True)
class Day:
    """One row of the week."""

    name: str
    cells: Sequence[Cell]


def bars(rows: Sequence[Times], stage: str) -> list[Bars]:
    """A chart for each priority in which anything reached that stage, or has not yet."""
    found: list[Bars] = []
    for priority in dict.fromkeys(row.priority for row in rows):
        here = [(row, getattr(row, stage)) for row in rows if row.priority == priority]
        here = [(row, reached) for row, reached in here if reached.n or reached.open]
        if here:
            found.append(_chart(priority, here, _within(here[0][0], stage)))
    return found


def length(seconds: float | None) -> str:
    """A length of time in its two largest units: `3 h 20 min`, `45 s`, `under 1 s`; a dash for none."""
    if seconds is None:
        return "–"
    if 0 < seconds < 1:
        return "under 1 s"
    parts: list[str] = []
    left = int(seconds)
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count or (unit == "s" and not parts):
            parts.append(f"{count} {unit}")
        elif parts:
            break
    return " ".join(parts[:2])


def week(hours: Sequence[Hour], zone: ZoneInfo) -> list[Day]:
    """Interruptions by day of the week and hour, as the clocks of that zone showed it. Empty when there were none."""
    counts: Counter[tuple[int, int]] = Counter()
    for hour in hours:
        local: datetime = hour.at.astimezone(zone)
        counts[local.weekday(), local.hour] += hour.n
    most = max(counts.values(), default=0)
    if not most:
        return []
    return [
        Day(name, [Cell(hour, counts[day, hour], -(-counts[day, hour] * LEVELS // most)) for hour in range(24)])
        for day, name in enumerate(DAYS)
    ]


def _within(row: Times, stage: str) -> float | None:
    return {"done": row.done_within, "received": row.received_within}.get(stage)


def _chart(priority: str, rows: Sequence[tuple[Times, Stage]], within: float | None) -> Bars:
    widest = max([within or 0, 1.0, *(stage.p90 or 0 for _, stage in rows)]) * 1.04
    return Bars(
        priority,
        [_bar(row, stage, widest) for row, stage in rows],
        within and round(100 * within / widest, 2),
        length(within),
    )


def _bar(row: Times, stage: Stage, widest: float) -> Bar:
    half, most = (round(100 * (p or 0) / widest, 2) for p in (stage.p50, stage.p90))
    words = f"half in {length(stage.p50)}, 90 % in {length(stage.p90)}" if stage.n else "nobody yet"
    return Bar(str(row.role.label) if row.role else "All roles", stage, half, most, words)
