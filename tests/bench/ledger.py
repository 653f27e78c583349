"""The fan-out rows' ledger: prepared beside in staging tables, moved in by one prepared statement for each batch.

What the driver spends on it is not CareHub's: it runs as a superuser that fires no trigger. Every row that moves in is
as `publish` would have written it, and the hint that follows is the doorbell's.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from typing import Any
from uuid import UUID

import psycopg
import redis

from .seeding import Teams, person_id

_STAGE = """
CREATE UNLOGGED TABLE IF NOT EXISTS bench_event (batch int, team int, LIKE events_event);
CREATE UNLOGGED TABLE IF NOT EXISTS bench_delivery (batch int, LIKE events_delivery);
TRUNCATE bench_event, bench_delivery;
INSERT INTO bench_event
       (batch, team, id, record_id, number, seq, type, topic, is_standing, priority, author_id, at, body)
SELECT k * {batches} + r / {per_batch}, r, gen_random_uuid(), bench_id(2, r), {base} + k + 1,
       nextval('events_event_seq'), 'message.posted', '', false, 'routine', bench_id(1, r * {size}), carehub_now(),
       jsonb_build_object('thread_id', bench_id(6, r), 'message_id', bench_id(5, k),
                          'text', 'bench-' || lpad((k * {batches} + r / {per_batch})::text, 8, '0') || ' '
                                  || repeat('x', {text}),
                          'priority', 'routine', 'mentioned_ids', '[]'::jsonb, 'mentioned_roles', '[]'::jsonb,
                          'asks_acknowledgement', false)
  FROM generate_series(0, {events} - 1) AS k, generate_series(0, {teams} - 1) AS r ORDER BY k, r;
INSERT INTO bench_delivery
       (batch, person_id, event_id, n, roles, obligation, ground, asked_roles, exclusion, priority, rung, round,
        outcome_reason)
SELECT e.batch, bench_id(1, e.team * {size} + m), e.id, e.number, '{{nurse}}',
       CASE WHEN m = 0 THEN 'none' ELSE 'inform' END, CASE WHEN m = 0 THEN 'author' ELSE 'role' END, '{{}}', '',
       'routine', 0, 1, ''
  FROM bench_event e, generate_series(0, {size} - 1) AS m;
CREATE INDEX IF NOT EXISTS bench_event_batch ON bench_event (batch);
CREATE INDEX IF NOT EXISTS bench_delivery_batch ON bench_delivery (batch);
ANALYZE bench_event, bench_delivery;
"""

_MOVE = """
WITH event AS (
    INSERT INTO events_event
           (id, record_id, number, seq, type, topic, is_standing, priority, author_id, at, body)
    SELECT id, record_id, number, seq, type, topic, is_standing, priority, author_id, at, body
      FROM bench_event WHERE batch = %(batch)s
    RETURNING record_id, number
), delivery AS (
    INSERT INTO events_delivery
           (person_id, event_id, n, roles, obligation, ground, asked_roles, exclusion, priority, rung, round,
            outcome_reason)
    SELECT person_id, event_id, n, roles, obligation, ground, asked_roles, exclusion, priority, rung, round,
           outcome_reason
      FROM bench_delivery WHERE batch = %(batch)s
    RETURNING person_id, n
), log AS (
    UPDATE events_recordlog l SET head = event.number FROM event WHERE l.record_id = event.record_id
)
UPDATE events_inbox i SET head = delivery.n FROM delivery WHERE i.person_id = delivery.person_id
RETURNING i.person_id, i.head
"""


class PreparedLedger:
    """So many events for every team, moved in `per_batch` teams at a time."""

    def __init__(
        self, connection: psycopg.Connection[Any], doorbell: redis.Redis, channel: str, teams: Teams, per_batch: int = 1
    ) -> None:
        self._connection, self._doorbell = connection, doorbell
        self._channel, self._teams, self._per_batch = f"{channel}:doorbell", teams, per_batch
        row = connection.execute("SELECT coalesce(max(head), 0)::int FROM events_inbox").fetchone()
        assert row is not None
        self._base = int(row[0])
        connection.execute("SET session_replication_role = replica")
        connection.execute("SET synchronous_commit = off")

    def age(self, events: int = 20) -> None:
        """Give every inbox a past and the planner its figures: a ledger in use, not one of its first minute."""
        for batch in range(self.stage(events)):
            self.move(batch, rings=False)
        self._connection.execute("VACUUM ANALYZE")

    @property
    def fanout(self) -> int:
        """Deliveries in one batch."""
        return self._per_batch * self._teams.size

    def stage(self, events: int, *, text: int = 200) -> int:
        """Prepare so many events for each team, with so long a text; returns the number of batches."""
        batches = -(-self._teams.count // self._per_batch)
        for statement in (
            _STAGE.format(
                batches=batches,
                per_batch=self._per_batch,
                base=self._base,
                size=self._teams.size,
                events=events,
                teams=self._teams.count,
                text=text,
            )
        ).split(";\n"):
            self._connection.execute(statement)
        self._base += events
        return batches * events

    def move(self, batch: int, *, rings: bool = True) -> float:
        """Commit one batch and ring; returns the wall-clock time of the commit."""
        rows = self._connection.execute(_MOVE, {"batch": batch}, prepare=True).fetchall()
        committed = time.time()
        if rings:
            self._ring(rows)
        return committed

    def _ring(self, rows: list[tuple[UUID, int]]) -> None:
        """One hint for each event, as the doorbell would."""
        teams: dict[int, dict[str, int]] = defaultdict(dict)
        for person, n in rows:
            name = str(person)
            teams[int(name[-12:]) // self._teams.size][name] = n
        for numbers in teams.values():
            self._doorbell.publish(self._channel, json.dumps({"n": numbers}, separators=(",", ":")))

    def ring_only(self, team: int, n: int) -> None:
        """A hint without rows behind it."""
        people = {str(UUID(person_id(person))): n for person in self._teams.members(team)}
        self._doorbell.publish(self._channel, json.dumps({"n": people}))
