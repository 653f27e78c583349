"""What a batch of rungs is made of: the rows that are due, whom each reaches, and moving them on in one statement.

Everything here runs under the record's lock, which alone lets a row climb; a receipt may still end one meanwhile.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import Min, QuerySet

from carehub.access import books
from carehub.core.clock import DatabaseNow
from carehub.directory.models import CareRecord
from carehub.events.models import Delivery
from carehub.events.obligations import open_deliveries

from .ladder import LADDER, UNDELIVERED, Rung, next_at
from .models import Escalation
from .reach import Reach

BATCH = 200
TOLD = 50  # a rung that tells somebody else is an event of its own, so that a batch of them is kept smaller

Key = tuple[UUID, UUID]
"""A delivery: its person and its event."""

# Rows are locked in the order of receipts, and one that a receipt holds right now is left for the next look.
_MOVE_ON = """
WITH step AS (
    SELECT * FROM unnest(%(persons)s::uuid[], %(events)s::uuid[], %(rungs)s::smallint[], %(next)s::timestamptz[])
        AS s(person_id, event_id, rung, next_rung_at)
), still AS (
    SELECT d.person_id, d.event_id
      FROM events_delivery d JOIN step s ON s.person_id = d.person_id AND s.event_id = d.event_id
     WHERE d.due_at IS NOT NULL AND d.outcome IS NULL AND d.rung = s.rung - 1
     ORDER BY d.person_id, d.n
       FOR UPDATE OF d SKIP LOCKED
)
UPDATE events_delivery d SET rung = step.rung, next_rung_at = step.next_rung_at
  FROM still JOIN step USING (person_id, event_id)
 WHERE d.person_id = still.person_id AND d.event_id = still.event_id
RETURNING d.person_id, d.event_id, d.received_at
"""


@dataclass(frozen=True, slots=True)
class Climb:
    """One row about to climb one rung, and whom that reaches."""

    row: Delivery
    rung: Rung
    everybody: tuple[UUID, ...]
    next_at: datetime | None

    @property
    def key(self) -> Key:
        """The row's."""
        return self.row.person_id, self.row.event_id

    @property
    def reached(self) -> UUID:
        """The one whom the rung is for."""
        return self.everybody[0]

    @property
    def told(self) -> tuple[UUID, ...]:
        """Those who learn of it by an event: everybody reached but the silent one, whom a notice reminds."""
        return tuple(p for p in self.everybody if self.rung.reaches != "person" or p != self.row.person_id)


@dataclass(frozen=True, slots=True)
class Climbed:
    """How many rows moved on, and the rungs that were climbed: what has arrived needs no other channel."""

    rows: int
    escalations: Sequence[Escalation]


def due_records(*, but: Collection[UUID] = ()) -> list[UUID]:
    """The records with a rung that has fallen due, longest first, a batch at most. Locks nothing."""
    rows = _due().exclude(event__record_id__in=list(but)).values("event__record_id").annotate(since=Min("next_rung_at"))
    return list(rows.order_by("since").values_list("event__record_id", flat=True)[:BATCH])


def due_rows(record_id: UUID, *, but: Collection[Key] = ()) -> list[Delivery]:
    """The record's rows whose next rung has fallen due, longest first: as many as one batch climbs. Locks nothing."""
    rows = of_record(record_id).order_by("next_rung_at", "person_id", "n")
    found: list[Delivery] = []
    told = 0
    for row in rows[: BATCH + len(but)]:
        if (row.person_id, row.event_id) in but:
            continue
        told += LADDER[row.rung].reaches != "person"
        if told > TOLD or len(found) == BATCH:
            break
        found.append(row)
    return found


def of_record(record_id: UUID) -> "QuerySet[Delivery]":
    """The record's rows whose next rung has fallen due, with person and event but without the event's content."""
    rows = _due().filter(event__record_id=record_id)
    return rows.select_related("person", "event").defer("event__body")


def plan(record: CareRecord, rows: Sequence[Delivery]) -> list[Climb]:
    """The next rung of each row, and whom it reaches now."""
    books.keep(row.event.rulebook_id for row in rows)
    reach = Reach.among(record, rows)
    climbs = []
    for row in rows:
        rung = LADDER[row.rung]
        has_arrived = rung is UNDELIVERED and row.received_at is not None  # it needs nobody else then
        everybody = (row.person_id,) if has_arrived else reach.whom(rung, row)
        climbs.append(Climb(row, rung, everybody, _next_at(row, rung)))
    reach.make_places()
    return climbs


def _next_at(row: Delivery, rung: Rung) -> datetime | None:
    assert row.due_at is not None  # the row is open
    return next_at(rung, due_at=row.due_at, priority=row.priority, rulebook_id=row.event.rulebook_id)


def move_on(climbs: Sequence[Climb]) -> Mapping[Key, datetime | None]:
    """Write the rungs of those rows that are still open, in one statement; returns when each of them had arrived."""
    with connection.cursor() as cursor:
        cursor.execute(
            _MOVE_ON,
            {
                "persons": [climb.row.person_id for climb in climbs],
                "events": [climb.row.event_id for climb in climbs],
                "rungs": [climb.rung.number for climb in climbs],
                "next": [climb.next_at for climb in climbs],
            },
        )
        return {(person, event): received_at for person, event, received_at in cursor.fetchall()}


def _due() -> "QuerySet[Delivery]":
    return open_deliveries().filter(next_rung_at__lte=DatabaseNow(), rung__lt=len(LADDER))
