"""How often people are interrupted, by person and hour.

An interruption is a row that asks for something, or whose clock is asap or stat, or a notice that was sent outside.
"Everyone acknowledges everything" is alert fatigue; this is where it shows. Our own proposal.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from carehub.directory.models import Person

from .scope import IN_SCOPE_SQL, LATER_SQL, TOLD_SQL, open_scope

PEOPLE = 200

_INTERRUPTIONS_SQL = f"""
WITH scope AS ({IN_SCOPE_SQL}),
moment AS (
    SELECT d.person_id, e.at
    {TOLD_SQL} AND NOT {LATER_SQL} AND (d.due_at IS NOT NULL OR d.priority IN ('asap', 'stat'))
     UNION ALL
    SELECT x.person_id, x.sent_at
      FROM scope JOIN events_event e ON e.record_id = scope.id
      JOIN delivery_escalation s ON s.event_id = e.id
      JOIN delivery_dispatch x ON x.escalation_id = s.id AND x.sent_at >= %(since)s AND x.sent_at < %(until)s
     UNION ALL
    SELECT x.person_id, x.sent_at
      FROM scope JOIN delivery_incident i ON i.record_id = scope.id
      JOIN delivery_dispatch x ON x.incident_id = i.id AND x.sent_at >= %(since)s AND x.sent_at < %(until)s
), hourly AS MATERIALIZED (
    SELECT person_id, date_trunc('hour', at, 'UTC') AS hour, count(*) AS n FROM moment GROUP BY 1, 2
), by_person AS (
    SELECT person_id, sum(n)::bigint AS total, count(*) AS hours, max(n) AS most,
           (array_agg(hour ORDER BY n DESC, hour))[1] AS busiest
      FROM hourly GROUP BY person_id ORDER BY total DESC, person_id LIMIT %(people)s
)
SELECT b.person_id, p.name, b.total, b.hours, b.most, b.busiest
  FROM by_person b JOIN directory_person p ON p.id = b.person_id
 UNION ALL
SELECT NULL, '', sum(n)::bigint, count(*), 0, hour FROM hourly GROUP BY hour
"""


@dataclass(frozen=True, slots=True)
class Interrupted:
    """One person: how often in all, in how many different hours, and the most in one hour, which began at `busiest`."""

    person_id: UUID
    name: str
    total: int
    hours: int
    most: int
    busiest: datetime


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour of UTC, by its beginning: how many interruptions, of how many people."""

    at: datetime
    n: int
    people: int


@dataclass(frozen=True, slots=True)
class InterruptionsReport:
    """`people` are the 200 who were interrupted most; `hours` those with any, of everybody, in order."""

    since: datetime
    until: datetime
    people: Sequence[Interrupted]
    hours: Sequence[Hour]

    @property
    def total(self) -> int:
        """Interruptions of everybody."""
        return sum(hour.n for hour in self.hours)


def interruptions(
    *, by: Person, organization: UUID | None, since: datetime | None, until: datetime | None
) -> InterruptionsReport:
    """Interruptions over the window: of each person, and of all by the hour. Raises as `open_scope`.

    Names people and no patient. Hours are UTC; whoever shows them puts them into a zone, so that no day has 25.
    """
    scope = open_scope(by=by, organization=organization, since=since, until=until)
    with connection.cursor() as cursor:
        cursor.execute(_INTERRUPTIONS_SQL, scope.parameters() | {"people": PEOPLE})
        rows = cursor.fetchall()
    people = [Interrupted(*row) for row in rows if row[0] is not None]
    hours = [Hour(at, total, count) for person, _, total, count, _, at in rows if person is None]
    return InterruptionsReport(
        scope.since,
        scope.until,
        sorted(people, key=lambda person: (-person.total, person.name, person.person_id)),
        sorted(hours, key=lambda hour: hour.at),
    )
