"""How long it takes until people receive, see, and acknowledge or answer, by role and priority."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from carehub.directory.models import Person, Role
from carehub.events.catalogue import PRIORITIES, Priority

from .scope import IN_SCOPE_SQL, LATER_SQL, TOLD_SQL, Scope, clock_of, open_scope

FRACTIONS = (0.5, 0.9, 0.99)

_STAGES = ("received", "seen", "done")

_STAGE_SQL = """
       count({stage}) FILTER (WHERE {counts}) AS {stage}_n,
       count(*) FILTER (WHERE {counts} AND {stage} IS NULL AND outcome IS NULL) AS {stage}_open,
       percentile_disc(%(fractions)s::float8[]) WITHIN GROUP (ORDER BY {stage}) FILTER (WHERE {counts}) AS {stage}_p"""

# A cell for each (role, priority), and one of each priority over all roles: there a person with two roles counts once.
_TIMES_SQL = f"""
WITH scope AS ({IN_SCOPE_SQL}),
told AS (
    SELECT d.roles, d.priority, d.due_at IS NOT NULL AS is_asked, d.outcome, {LATER_SQL} AS is_later,
           extract(epoch FROM d.received_at - e.at)::float8 AS received,
           extract(epoch FROM d.seen_at - e.at)::float8 AS seen,
           CASE WHEN d.outcome IN ('acknowledged', 'answered')
                THEN extract(epoch FROM d.outcome_at - e.at)::float8 END AS done
    {TOLD_SQL}
), cell AS (
    SELECT '' AS role, told.* FROM told
     UNION ALL
    SELECT held.role, told.* FROM told CROSS JOIN LATERAL unnest(told.roles) AS held(role)
)
SELECT role, priority,
       count(*) FILTER (WHERE NOT is_later), count(*) FILTER (WHERE is_later),
       count(*) FILTER (WHERE NOT is_later AND is_asked),
       count(*) FILTER (WHERE NOT is_later AND outcome = 'superseded'),
       count(*) FILTER (WHERE NOT is_later AND outcome = 'handed_over'),
       count(*) FILTER (WHERE NOT is_later AND outcome = 'withdrawn'),
       {",".join(_STAGE_SQL.format(stage=s, counts="NOT is_later" + " AND is_asked" * (s == "done")) for s in _STAGES)}
  FROM cell GROUP BY role, priority
"""


@dataclass(frozen=True, slots=True)
class Stage:
    """How many reached it, how many have not yet, and within how many seconds half, 90 and 99 % of the first did."""

    n: int
    open: int
    p50: float | None
    p90: float | None
    p99: float | None


@dataclass(frozen=True, slots=True)
class Times:
    """One role (None: all together) at one priority. Seconds count from the event.

    `told` counts rows that came with their event, `asked` those of them that ask for something; `later` those that
    came by joining or hand-over, which no time is taken of. `done` is acknowledged or answered.
    """

    role: Role | None
    priority: Priority
    told: int
    later: int
    asked: int
    superseded: int
    handed_over: int
    withdrawn: int
    received: Stage
    seen: Stage
    done: Stage
    received_within: float
    done_within: float


@dataclass(frozen=True, slots=True)
class TimesReport:
    """The window that was looked at, and its cells: the most pressing priority first, all roles before each."""

    since: datetime
    until: datetime
    rows: Sequence[Times]


def times(*, by: Person, organization: UUID | None, since: datetime | None, until: datetime | None) -> TimesReport:
    """Times to received, seen and acknowledged, over events of the window. Raises as `open_scope`.

    A person with two roles on a record counts in each of them, and once among all roles.
    """
    scope = open_scope(by=by, organization=organization, since=since, until=until)
    with connection.cursor() as cursor:
        cursor.execute(_TIMES_SQL, scope.parameters() | {"fractions": list(FRACTIONS)})
        rows = [_row(scope, *row) for row in cursor.fetchall()]
    return TimesReport(scope.since, scope.until, sorted(rows, key=_order))


def _row(scope: Scope, role: str, priority: Priority, *figures: Any) -> Times:
    told, later, asked, superseded, handed_over, withdrawn, *stages = figures
    clock = clock_of(priority, scope.organization)
    return Times(
        role=Role(role) if role else None,
        priority=priority,
        told=told,
        later=later,
        asked=asked,
        superseded=superseded,
        handed_over=handed_over,
        withdrawn=withdrawn,
        received=_stage(*stages[0:3]),
        seen=_stage(*stages[3:6]),
        done=_stage(*stages[6:9]),
        received_within=clock.delivered.total_seconds(),
        done_within=clock.acknowledged.total_seconds(),
    )


def _stage(n: int, open: int, percentiles: list[float | None] | None) -> Stage:
    return Stage(n, open, *(percentiles or [None] * len(FRACTIONS)))


def _order(row: Times) -> tuple[int, int]:
    return -PRIORITIES.index(row.priority), list(Role).index(row.role) if row.role else -1
