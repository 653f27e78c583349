"""Many due rows on one record at once, by hand: what an outage leaves behind."""

from typing import Any
from uuid import UUID

FILL = """
WITH log AS (
    UPDATE events_recordlog SET head = head + %(count)s WHERE record_id = %(record)s RETURNING head - %(count)s AS head
), box AS (
    UPDATE events_inbox SET head = head + %(count)s WHERE person_id = %(person)s RETURNING head - %(count)s AS head
), made AS (
    INSERT INTO events_event (id, seq, record_id, number, type, topic, is_standing, priority, author_id, at, body)
    SELECT gen_random_uuid(), nextval('events_event_seq'), %(record)s, log.head + i, 'message.posted', '', false,
           'routine', NULL, carehub_now(),
           jsonb_build_object('thread_id', %(record)s::uuid, 'message_id', %(record)s::uuid, 'text', 'Hello',
                              'priority', 'routine', 'mentioned_ids', '[]'::jsonb, 'mentioned_roles', '[]'::jsonb,
                              'asks_acknowledgement', true)
      FROM log, generate_series(1, %(count)s) AS i
    RETURNING id, number
)
INSERT INTO events_delivery
    (person_id, event_id, n, roles, obligation, ground, asked_roles, exclusion, priority, due_at, next_rung_at, rung,
     round, outcome_reason)
SELECT %(person)s, made.id, box.head + row_number() OVER (ORDER BY made.number), '{nurse}', 'acknowledge',
       'mentioned', '{}', '', 'routine', carehub_now() + %(due_in)s::interval,
       carehub_now() - interval '1 hour', %(rung)s, 1, ''
  FROM made, box
"""


def given(record: UUID, person: UUID, count: int, *, rung: int = 0, due_in: str = "2 days") -> dict[str, Any]:
    """Parameters of FILL: so many rows of one person, whose next rung fell due an hour ago."""
    return {"record": record, "person": person, "count": count, "rung": rung, "due_in": due_in}
