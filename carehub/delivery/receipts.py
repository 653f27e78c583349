"""Received, seen, acknowledged: one-way transitions of a recipient's own row, batched, without an event.

Rows are locked in (person, n) order, after no other lock, so that two batches cannot deadlock. An acknowledgement
writes its line of the trail in the same statement. What is returned was committed by the caller.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection, transaction

from carehub.access.policy import READABLE_SQL
from carehub.access.roles import READERS
from carehub.audit import trail
from carehub.events import doorbell

from .overseers import OVERSEER_ROLES, OVERSEES_SQL

RECEIVED_SQL = f"""
WITH clock AS MATERIALIZED (SELECT carehub_now() AS at),
due AS (
    SELECT d.person_id, d.event_id
      FROM unnest(%(persons)s::uuid[], %(above)s::bigint[], %(upto)s::bigint[]) AS r(person_id, above, upto)
      JOIN events_delivery d
        ON d.person_id = r.person_id AND d.n > r.above AND d.n <= r.upto AND d.received_at IS NULL
      JOIN events_event e ON e.id = d.event_id
     WHERE {READABLE_SQL}
     ORDER BY d.person_id, d.n
       FOR UPDATE OF d
)
UPDATE events_delivery d SET received_at = clock.at
  FROM due, clock
 WHERE d.person_id = due.person_id AND d.event_id = due.event_id
"""

MARK_SQL = f"""
WITH clock AS MATERIALIZED (SELECT carehub_now() AS at),
target AS (
    SELECT d.person_id, d.event_id, d.n, d.received_at, d.seen_at, d.outcome, d.outcome_at, d.obligation, e.record_id,
           e.author_id, r.address, r.acknowledges AND d.outcome IS NULL AND d.obligation <> 'answer' AS acknowledges,
           r.acknowledges AND d.outcome IS NULL AND d.obligation = 'answer' AS wants_answer
      FROM unnest(%(persons)s::uuid[], %(numbers)s::bigint[], %(acknowledges)s::boolean[], %(addresses)s::inet[])
           AS r(person_id, n, acknowledges, address)
      JOIN events_delivery d ON d.person_id = r.person_id AND d.n = r.n
      JOIN events_event e ON e.id = d.event_id
     WHERE {READABLE_SQL}
     ORDER BY d.person_id, d.n
       FOR UPDATE OF d
), changed AS (
    UPDATE events_delivery d
       SET received_at = coalesce(d.received_at, clock.at),
           seen_at = coalesce(d.seen_at, greatest(clock.at, d.received_at)),
           outcome = CASE WHEN t.acknowledges THEN 'acknowledged' ELSE d.outcome END,
           outcome_at = CASE WHEN t.acknowledges THEN greatest(clock.at, d.received_at, d.seen_at)
                             ELSE d.outcome_at END,
           outcome_by_id = CASE WHEN t.acknowledges THEN d.person_id ELSE d.outcome_by_id END,
           next_rung_at = CASE WHEN t.acknowledges THEN NULL ELSE d.next_rung_at END
      FROM target t, clock
     WHERE d.person_id = t.person_id AND d.event_id = t.event_id AND (t.acknowledges OR d.seen_at IS NULL)
    RETURNING d.person_id, d.event_id, d.seen_at, d.outcome, d.outcome_at
), noted AS (
    INSERT INTO audit_entry (at, person_id, outcome, verb, record_id, patient_ids, object_id, address, reason)
    SELECT clock.at, t.person_id, 'done', 'event.acknowledge', t.record_id, ARRAY[r.patient_id], t.event_id,
           t.address, ''
      FROM target t JOIN directory_carerecord r ON r.id = t.record_id, clock
     WHERE t.acknowledges
)
SELECT t.person_id, t.event_id, t.n, t.wants_answer,
       coalesce(c.outcome, t.outcome, 'seen') AS state,
       coalesce(c.outcome_at, t.outcome_at, c.seen_at, t.seen_at) AS at,
       (SELECT m.person_id FROM directory_membership m
         WHERE m.person_id = t.author_id AND m.record_id = t.record_id AND m.ended_at IS NULL
         LIMIT 1) AS author_id,
       c.event_id IS NOT NULL AS is_new,
       CASE WHEN t.acknowledges AND t.obligation = 'acknowledge' THEN ARRAY(
            SELECT DISTINCT m.person_id FROM directory_membership m
             WHERE m.record_id = t.record_id AND {OVERSEES_SQL}) ELSE ARRAY[]::uuid[] END AS overseers
  FROM target t LEFT JOIN changed c USING (person_id, event_id)
"""


class Mark(NamedTuple):
    """What is said of one number, and from where."""

    acknowledges: bool
    address: str | None


@dataclass(frozen=True, slots=True)
class Marked:
    """One row's state after a batch. `author_id` is set when the author is still on the record's team; `overseers` are
    those of the record on which this ended an obligation."""

    person_id: UUID
    event_id: UUID
    n: int
    wants_answer: bool
    state: str
    at: datetime
    author_id: UUID | None
    is_new: bool
    overseers: Sequence[UUID] = ()


def received_parameters(upto: Mapping[tuple[UUID, int], int]) -> dict[str, Any]:
    """Parameters of RECEIVED_SQL: (person, above) -> n, everything above the one and up to the other."""
    return {
        "persons": [person for person, _ in upto],
        "above": [above for _, above in upto],
        "upto": list(upto.values()),
        "readers": list(READERS),
    }


def mark_parameters(marks: Mapping[tuple[UUID, int], Mark]) -> dict[str, Any]:
    """Parameters of MARK_SQL: (person, n) -> acknowledged or only seen, and from where."""
    ordered = sorted(marks.items())
    return {
        "persons": [person for (person, _), _ in ordered],
        "numbers": [n for (_, n), _ in ordered],
        "acknowledges": [mark.acknowledges for _, mark in ordered],
        "addresses": [mark.address for _, mark in ordered],
        "overseers": OVERSEER_ROLES,
        "readers": list(READERS),
    }


def ring(marked: Sequence[Marked], *, origin: str = "") -> dict[str, Any] | None:
    """The doorbell message that tells other servers; None when nothing changed. Ids, states and times only."""
    new = [[m.event_id, m.person_id, m.n, m.state, m.at, m.author_id] for m in marked if m.is_new]
    overseers = sorted({person for m in marked for person in m.overseers})
    return {"receipts": new, "overseers": overseers, "origin": origin} if new else None


def mark(
    *,
    person_id: UUID,
    received: int | None = None,
    above: int = 0,
    seen: Sequence[int] = (),
    acknowledge: Sequence[int] = (),
) -> list[Marked]:
    """Receipts of one person over HTTP: all above `above` up to `received`, and single numbers.

    Numbers that are not his are passed over. The doorbell rings once the outermost transaction has committed.
    """
    where = trail.address.get()
    marks = {(person_id, n): Mark(False, where) for n in seen}
    marks |= {(person_id, n): Mark(True, where) for n in acknowledge}
    if received is not None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(RECEIVED_SQL, received_parameters({(person_id, above): received}))
    if not marks:
        return []
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(MARK_SQL, mark_parameters(marks))
        marked = [Marked(*row) for row in cursor.fetchall()]
        message = ring(marked)
        if message:
            doorbell.ring_receipts_after_commit(message)
    return marked
