"""The arithmetic of a row: medians of interleaved rounds, their ratio, the goal, and how far the rounds lie apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True)
class Goal:
    """What must hold: of the ratio carehub / baseline, or, with `of` "value", of CareHub's own figure."""

    sign: str
    limit: float
    of: str = "ratio"

    def __str__(self) -> str:
        shown = f"{self.limit:.3g}"
        return f"{self.of} {self.sign} {shown}"

    def is_met(self, carehub: float, ratio: float | None) -> bool | None:
        """Whether it holds; None when there is nothing to compare with."""
        figure = carehub if self.of == "value" else ratio
        if figure is None:
            return None
        return figure <= self.limit if self.sign == "<=" else figure >= self.limit


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `carehub` and `baseline` are medians; `spread` is (max - min) / median of CareHub's
    rounds; `note` says in words what the figure does not."""

    figure: str
    unit: str
    carehub: float
    baseline: float | None
    goal: Goal | None
    spread: float
    against: str = ""
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """CareHub's median over the baseline's; None without a baseline, or one of zero."""
        return self.carehub / self.baseline if self.baseline else None

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None without a goal."""
        return self.goal.is_met(self.carehub, self.ratio) if self.goal else None

    def as_json(self) -> dict[str, Any]:
        """The row as the JSON file has it."""
        return {
            "figure": self.figure,
            "unit": self.unit,
            "carehub": _rounded(self.carehub),
            "baseline": _rounded(self.baseline),
            "ratio": _rounded(self.ratio),
            "goal": str(self.goal) if self.goal else None,
            "met": self.met,
            "spread": _rounded(self.spread),
            "against": self.against,
            "note": self.note,
        }


@dataclass(frozen=True, slots=True)
class Check:
    """Something that is so or is not: no figure, but what makes the figures believable."""

    name: str
    passed: bool
    found: str


def row(
    figure: str,
    unit: str,
    carehub: Sequence[float],
    baseline: Sequence[float] = (),
    *,
    goal: Goal | None = None,
    against: str = "",
    note: str = "",
) -> Row:
    """A row of what the rounds measured. Raises ValueError when CareHub has no round."""
    if not carehub:
        raise ValueError(f"{figure} was not measured")
    return Row(
        figure, unit, median(carehub), median(baseline) if baseline else None, goal, spread(carehub), against, note
    )


def spread(values: Sequence[float]) -> float:
    """(max - min) / median: 0 for rounds that agree."""
    middle = median(values)
    return (max(values) - min(values)) / middle if middle else 0.0


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of them does not exceed; 0 of nothing."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -(-int(share * 1000) * len(ordered) // 1000) - 1))]


def table(rows: Sequence[Row | Check]) -> str:
    """The rows in aligned columns, then the checks."""
    heads = ("", "figure", "unit", "carehub", "baseline", "ratio", "goal", "spread")
    lines = [heads, *(_cells(each) for each in rows if isinstance(each, Row))]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    shown = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    shown += [
        f"{'PASS' if check.passed else 'FAIL'}  {check.name}: {check.found}"
        for check in rows
        if isinstance(check, Check)
    ]
    return "\n".join(shown)


def _cells(each: Row) -> tuple[str, ...]:
    mark = {True: "✓", False: "✗", None: " "}[each.met]
    baseline = f"{_shown(each.baseline)} {each.against}".strip()
    name = f"{each.figure} ({each.note})" if each.note else each.figure
    goal = str(each.goal) if each.goal else ""
    return (
        mark,
        name,
        each.unit,
        _shown(each.carehub),
        baseline,
        _shown(each.ratio),
        goal,
        f"{each.spread:.0%}",
    )


def _shown(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.5g}")
