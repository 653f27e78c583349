"""Many due rows on one record at once, by hand: what an outage leaves behind."""

import json
from typing import Any
from uuid import UUID

FILL = """
WITH log AS (
    UPDATE events_recordlog SET head = head + %(count)s WHERE record_id = %(record)s RETURNING head - %(count)s AS head
), box AS (
    UPDATE events_inbox SET head = head + %(count)s WHERE person_id = %(person)s RETURNING head - %(count)s AS head
), made AS (
    INSERT INTO events_event (id, seq, record_id, number, type, topic, is_standing, priority, author_id, at, body)
    SELECT gen_random_uuid(), nextval('events_event_seq'), %(record)s, log.head + i, %(type)s::text, %(topic)s::text,
           %(topic)s::text <> '', 'routine', NULL, carehub_now(), %(body)s::jsonb
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


MESSAGE = {
    "thread_id": str(UUID(int=1)),
    "message_id": str(UUID(int=2)),
    "text": "Hello",
    "priority": "routine",
    "mentioned_ids": [],
    "mentioned_roles": [],
    "asks_acknowledgement": True,
}


def given(
    record: UUID,
    person: UUID,
    count: int = 1,
    *,
    rung: int = 0,
    due_in: str = "2 days",
    type: str = "message.posted",
    topic: str = "",
    body: Any = MESSAGE,
) -> dict[str, Any]:
    """Parameters of FILL: so many rows of one person, whose next rung fell due an hour ago; standing with a topic."""
    told = {"type": type, "topic": topic, "body": json.dumps(body)}
    return {"record": record, "person": person, "count": count, "rung": rung, "due_in": due_in} | told
