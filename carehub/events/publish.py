"""Write an event and the list of those who must know it, in the caller's transaction.

The record's row is locked by then (the action did it before it authorized), so the audience is true until commit.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection

from carehub.core.failpoints import fail_point

from . import doorbell
from .audience import Addressee, Audience
from .catalogue import Fact

# One statement for event, numbers and deliveries. The inbox rows are taken in sorted order, which is what keeps two
# writers from deadlocking; `seq` is drawn only after all of them are held (`locked`), so that its order is the order
# of every recipient's n. An upsert sees the newest version of a row that another writer has just committed, and
# makes the inbox of somebody who never had mail.
_PUBLISH = """
WITH addressee AS (
    SELECT * FROM unnest(
        %(persons)s::uuid[], %(roles)s::text[], %(obligations)s::text[], %(grounds)s::text[], %(asked)s::text[],
        %(clocks)s::text[], %(due_in)s::interval[], %(rung_in)s::interval[]
    ) AS a(person_id, roles, obligation, ground, asked, clock, due_in, rung_in)
), numbered AS (
    INSERT INTO events_inbox AS inbox (person_id, head)
    SELECT person_id, 1 FROM addressee ORDER BY person_id
    ON CONFLICT (person_id) DO UPDATE SET head = inbox.head + 1
    RETURNING person_id, head
), log AS (
    INSERT INTO events_recordlog AS log (record_id, head) VALUES (%(record)s, 1)
    ON CONFLICT (record_id) DO UPDATE SET head = log.head + 1
    RETURNING head
), written AS (
    INSERT INTO events_event
        (id, seq, record_id, number, type, topic, is_standing, priority, author_id, at, body, rulebook_id)
    SELECT %(id)s, nextval('events_event_seq'), %(record)s, log.head, %(type)s, %(topic)s, %(standing)s,
           %(priority)s, %(author)s, carehub_now(), %(body)s::jsonb, %(rulebook)s
      FROM log, (SELECT count(*) AS held FROM numbered) AS locked
     WHERE locked.held = cardinality(%(persons)s::uuid[])
    RETURNING id, at
)
INSERT INTO events_delivery
    (person_id, event_id, n, roles, obligation, ground, asked_roles, exclusion, priority, due_at, next_rung_at,
     rung, round, outcome_reason)
SELECT a.person_id, written.id, numbered.head, string_to_array(a.roles, ','), a.obligation, a.ground,
       string_to_array(a.asked, ','), '', a.clock, written.at + a.due_in, written.at + a.rung_in, 0, 1, ''
  FROM written, addressee a JOIN numbered USING (person_id)
UNION ALL
SELECT x.person_id, written.id, NULL, string_to_array(x.roles, ','), 'none', '', '{}', x.reason, %(priority)s,
       NULL, NULL, 0, 1, ''
  FROM written, unnest(%(excluded)s::uuid[], %(excluded_roles)s::text[], %(reasons)s::text[])
       AS x(person_id, roles, reason)
RETURNING person_id, n
"""

# A newer version ends the wait for the older one only for those who must do at least as much about the newer,
# and hands them the earlier deadline: editing daily cannot silence a clock.
_SUPERSEDE = """
WITH older AS (
    SELECT d.person_id, d.event_id, d.due_at, d.next_rung_at, d.rung
      FROM events_delivery d
      JOIN events_event e ON e.id = d.event_id
      JOIN events_delivery newer ON newer.event_id = %(event)s AND newer.person_id = d.person_id
     WHERE e.record_id = %(record)s AND e.topic = %(topic)s AND e.is_standing AND e.id <> %(event)s
       AND d.due_at IS NOT NULL AND d.outcome IS NULL
       AND d.obligation = 'acknowledge' AND newer.obligation IN ('acknowledge', 'answer')
     ORDER BY d.person_id, d.n
       FOR UPDATE OF d
), ended AS (
    UPDATE events_delivery d
       SET outcome = 'superseded', outcome_at = greatest(carehub_now(), d.seen_at), next_rung_at = NULL,
           outcome_reason = 'a newer version asks for the same'
      FROM older WHERE d.person_id = older.person_id AND d.event_id = older.event_id
), inherited AS (
    SELECT person_id, min(due_at) AS due_at, min(next_rung_at) AS next_rung_at, max(rung) AS rung
      FROM older GROUP BY person_id
)
UPDATE events_delivery newer
   SET due_at = least(newer.due_at, inherited.due_at),
       next_rung_at = CASE WHEN inherited.due_at < newer.due_at THEN inherited.next_rung_at
                           ELSE newer.next_rung_at END,
       rung = CASE WHEN inherited.due_at < newer.due_at THEN inherited.rung ELSE newer.rung END
  FROM inherited
 WHERE newer.event_id = %(event)s AND newer.person_id = inherited.person_id
"""


class AudienceIsEmpty(RuntimeError):
    """Nobody would be told. The audience rule must fall back to the care manager; this is a defect, not input."""


def publish(fact: Fact, *, id: UUID, to: Audience) -> None:
    """Store the fact and one delivery for each member, and ring the doorbell after commit.

    Raises AudienceIsEmpty, and rolls everything back, when no one would be told.
    """
    recipients, excluded = to.recipients(), to.excluded()
    if not recipients:
        raise AudienceIsEmpty(fact.type)
    with connection.cursor() as cursor:
        cursor.execute(
            _PUBLISH,
            {
                "id": id,
                "record": to.record_id,
                "type": fact.type,
                "topic": fact.topic(),
                "standing": fact.is_standing,
                "priority": to.priority,
                "author": to.author_id,
                "rulebook": to.rulebook_id,
                "body": msgspec.json.encode(fact).decode(),
                "excluded": [a.person_id for a in excluded],
                "excluded_roles": [",".join(a.roles) for a in excluded],
                "reasons": [a.exclusion for a in excluded],
                **_columns(recipients),
                "clocks": [a.priority or to.priority for a in recipients],
            },
        )
        numbers: dict[UUID, int] = {person: n for person, n in cursor.fetchall() if n is not None}
        fail_point("mid_audience")
        if fact.is_standing:
            cursor.execute(_SUPERSEDE, {"event": id, "record": to.record_id, "topic": fact.topic()})
    doorbell.ring_after_commit(numbers)


def _columns(recipients: Sequence[Addressee]) -> dict[str, Any]:
    return {
        "persons": [a.person_id for a in recipients],
        "roles": [",".join(a.roles) for a in recipients],
        "obligations": [a.obligation.value for a in recipients],
        "grounds": [a.ground for a in recipients],
        "asked": [",".join(a.asked_roles) for a in recipients],
        "due_in": [a.due_in for a in recipients],
        "rung_in": [a.first_rung_in for a in recipients],
    }
