"""Two weeks of a rota, so that the page of cover has something to show: nights, a weekend, one absence, one gap."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from carehub.core.clock import now
from carehub.records import actions as records

from .cast import CAST
from .chart import Practice

DAYS = 14


def keep(practice: Practice) -> None:
    """Nurse and psychiatrist around the clock; the endocrinologist is away from the day after tomorrow."""
    for day in range(-1, DAYS):
        _shift(practice, "grace", day, 8, day, 18, "duty")
        _shift(practice, "grace", day, 18, day + 1, 8, "on-call")
        _shift(practice, "ingrid", day, 17, day + 1, 9, "on-call")
    records.go_away(
        by=practice.people["hiroshi"],
        person_id=practice.people["hiroshi"].pk,
        starts=_local(practice, 2, 8),
        ends=_local(practice, 5, 18),
        time_zone="UTC",
        delegate_id=practice.people["anjali"].pk,
    )


def _shift(practice: Practice, who: str, day: int, hour: int, last_day: int, last_hour: int, kind: str) -> None:
    ends = _local(practice, last_day, last_hour)
    if datetime.fromisoformat(ends).replace(tzinfo=UTC) <= now():
        return  # the rota refuses what is over
    place = CAST[who].works_at[0]
    records.add_shift(
        by=practice.people["noor" if place == "willow" else "marcus"],
        organization_id=practice.organizations[place].pk,
        person_id=practice.people[who].pk,
        role=CAST[who].role.value,
        kind=kind,
        starts=_local(practice, day, hour),
        ends=ends,
        time_zone="UTC",
    )


def _local(practice: Practice, day: int, hour: int) -> str:
    return f"{practice.today + timedelta(days=day)}T{hour:02}:00"
