"""Thousands of messages in seconds: written as the product writes them, lock by lock, but many in one statement."""

from __future__ import annotations

from typing import Any

import msgspec
import redis

from carehub.prove.stage import Stage

CHUNK = 500
FILLING = "and-more-" * 20

_LOCK_RECORD = "SELECT FROM directory_carerecord WHERE id = %(record)s FOR NO KEY UPDATE"
_LOCK_INBOXES = """
SELECT FROM events_inbox WHERE person_id IN (SELECT person_id FROM directory_membership
                                              WHERE record_id = %(record)s AND ended_at IS NULL)
 ORDER BY person_id FOR UPDATE
"""
_WRITE = """
WITH made AS (
    SELECT i, gen_random_uuid() AS id, gen_random_uuid() AS message_id, text
      FROM unnest(%(texts)s::text[]) WITH ORDINALITY AS said(text, i)
), thread AS (
    SELECT id FROM messaging_thread WHERE record_id = %(record)s AND kind = 'team'
), event AS (
    INSERT INTO events_event (id, seq, record_id, number, type, topic, is_standing, priority, author_id, at, body)
    SELECT made.id, nextval('events_event_seq'), %(record)s, log.head + i, 'message.posted', '', false, 'routine',
           %(author)s, carehub_now(),
           jsonb_build_object('thread_id', thread.id, 'message_id', message_id, 'text', text, 'priority', 'routine',
                              'mentioned_ids', '[]'::jsonb, 'mentioned_roles', '[]'::jsonb,
                              'asks_acknowledgement', false)
      FROM made, thread, events_recordlog log WHERE log.record_id = %(record)s ORDER BY i
), delivery AS (
    INSERT INTO events_delivery (person_id, event_id, n, roles, obligation, ground, asked_roles, exclusion, priority,
                                 rung, round, outcome_reason)
    SELECT m.person_id, made.id, inbox.head + i, ARRAY[m.role],
           CASE WHEN m.person_id = %(author)s THEN 'none' ELSE 'inform' END,
           CASE WHEN m.person_id = %(author)s THEN 'author' ELSE 'role' END, '{}', '', 'routine', 0, 1, ''
      FROM made, directory_membership m JOIN events_inbox inbox USING (person_id)
     WHERE m.record_id = %(record)s AND m.ended_at IS NULL
)
INSERT INTO messaging_message (id, thread_id, event_id, author_id, at, text, priority, mentioned_ids,
                               mentioned_roles, asks_acknowledgement)
SELECT message_id, thread.id, made.id, %(author)s, carehub_now(), text, 'routine', '{}', '{}', false FROM made, thread
"""
_COUNT = """
UPDATE events_inbox SET head = head + %(number)s
 WHERE person_id IN (SELECT person_id FROM directory_membership WHERE record_id = %(record)s AND ended_at IS NULL)
RETURNING person_id::text, head
"""
_COUNT_RECORD = "UPDATE events_recordlog SET head = head + %(number)s WHERE record_id = %(record)s"


def publish(stage: Stage, title: str, messages: int) -> None:
    """Write so many messages of Ada's to this record, whose thread exists, and ring for each chunk."""
    house = stage.house
    record = stage.cast.records[title]
    parameters: dict[str, Any] = {"record": record, "author": stage.cast.people["Ada"], "number": CHUNK}
    with house.superuser() as connection, redis.Redis.from_url(house.servers.valkey.url) as bell:
        for chunk in range(messages // CHUNK):
            parameters["texts"] = texts = [f"bulk-{chunk}-{number}-{FILLING}" for number in range(CHUNK)]
            for text in texts:
                stage.history.invoke(text, who="Ada", record=parameters["record"])
            with connection.transaction():
                connection.execute(_LOCK_RECORD, parameters)
                connection.execute(_LOCK_INBOXES, parameters)
                connection.execute(_WRITE, parameters)
                heads = dict(connection.execute(_COUNT, parameters).fetchall())
                connection.execute(_COUNT_RECORD, parameters)
            for text in texts:
                stage.history.end(text, "ok")
            bell.publish(f"{house.database}:doorbell", msgspec.json.encode({"n": heads}))
