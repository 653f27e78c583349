"""The rota as a picture: bars on seven days, for each role and person, with the same in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from carehub.records.models import Shift
from carehub.records.rota import OrganizationCover

WIDTH = 1000
"""Units of the picture from the first midnight to the last."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One stretch of time: where it stands in the picture, and what it says."""

    kind: str
    x: int
    width: int
    words: str


@dataclass(frozen=True, slots=True)
class Line:
    """One person in one role, or the role's gaps."""

    name: str
    bars: Sequence[Bar]


@dataclass(frozen=True, slots=True)
class RoleWeek:
    """One role's week."""

    role: str
    lines: Sequence[Line]
    gaps: Line


@dataclass(frozen=True, slots=True)
class Week:
    """Seven days from a local midnight on; `days` are their names, `rules` where each begins but the first."""

    days: Sequence[datetime]
    rules: Sequence[int]
    now_at: int
    roles: Sequence[RoleWeek]


def midnight(now: datetime) -> datetime:
    """The last midnight of the reader's zone."""
    return timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)


def picture(found: OrganizationCover, *, now: datetime) -> Week:
    """The bars of a week's cover; roles of which nothing is kept, and in which nobody is missing, are left out."""
    first = midnight(found.at)
    days = [first + timedelta(days=n) for n in range(8)]
    start, end = first, days[-1]

    def bar(kind: str, words: str, begins: datetime, ends: datetime) -> Bar:
        left, right = _x(max(begins, start), start, end), _x(min(ends, end), start, end)
        return Bar(kind, left, max(right - left, 3), f"{words} {_span(begins, ends)}")

    roles = []
    for role_cover in found.roles:
        role = role_cover.role
        lines = []
        for employment in (e for e in found.employments if e.code == role):
            bars = [
                bar(shift.kind, Shift.Kind(shift.kind).label, shift.starts_at, shift.ends_at)
                for shift in found.coverage.shifts
                if (shift.person_id, shift.role, shift.organization_id)
                == (employment.person_id, role, found.organization.pk)
            ]
            for absence in found.coverage.absences.get(employment.person_id, ()):
                words = f"Away ({absence.delegate.name} instead)" if absence.delegate else "Away"
                bars.append(bar("away", words, absence.starts_at, absence.ends_at))
            if bars:
                lines.append(Line(employment.person.name, bars))
        gaps = [bar("gap", "Nobody", s, e) for r, (s, e) in found.gaps if r == role and e > now]
        if lines or gaps:
            roles.append(RoleWeek(role, lines, Line("Nobody", gaps)))
    return Week(days[:7], [_x(day, start, end) for day in days[1:7]], _x(now, start, end), roles)


def _x(moment: datetime, start: datetime, end: datetime) -> int:
    return round(WIDTH * ((moment - start) / (end - start)))


def _span(begins: datetime, ends: datetime) -> str:
    here, there = timezone.localtime(begins), timezone.localtime(ends)
    return f"{here:%a %H:%M} to {there:%a %H:%M}"
