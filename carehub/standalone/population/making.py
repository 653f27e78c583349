"""Make it: people first, then the events in chunks, each chunk a transaction that leaves the ledger whole."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import psycopg
from django.db import connections
from psycopg import sql

from carehub.core.clock import now
from carehub.core.errors import Conflict
from carehub.core.models import Installation
from carehub.directory.models import Person

from .events import DELIVERY, EVENT, MESSAGE, TRAIL, Course, Written
from .people import Team, email, make_teams

CHUNK = 2000
"""Events in one transaction."""

DAYS = 90
"""How far back the made-up courses go."""

_SEQ_SQL = "SELECT nextval('events_event_seq') FROM generate_series(1, %s) ORDER BY 1"
_INBOXES_SQL = """
INSERT INTO events_inbox (person_id, head) SELECT * FROM unnest(%s::uuid[], %s::bigint[])
ON CONFLICT (person_id) DO UPDATE SET head = excluded.head
"""
_LOGS_SQL = """
INSERT INTO events_recordlog (record_id, head) SELECT * FROM unnest(%s::uuid[], %s::bigint[])
ON CONFLICT (record_id) DO UPDATE SET head = excluded.head
"""


class NotDedicated(Conflict):
    """The database is for care."""

    code = "not-dedicated-to-demo"


class AlreadyMade(Conflict):
    """These people are there: the same seed has been used."""

    code = "already-made"


@dataclass(frozen=True, slots=True)
class Size:
    """How much is made: records, messages, people on a team, and teams that each person is on."""

    records: int
    events: int
    team: int = 10
    each: int = 5
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Made:
    """What was written, and in how many seconds."""

    rows: int
    events: int
    people: int
    seconds: float


def require_dedicated() -> None:
    """Raises NotDedicated when the database is for care."""
    purpose = Installation.objects.values_list("purpose", flat=True).get()
    if purpose == Installation.Purpose.CARE:
        raise NotDedicated(
            "This database is for care, so nothing is made up in it. Use a new, empty database and run "
            "`carehub migrate --purpose demo` on it first."
        )


def make_data(size: Size, report: Callable[[int, int], None] = lambda done, of: None) -> Made:
    """Fill the installation; `report` hears after each chunk how many events of how many are there.

    Raises NotDedicated, and AlreadyMade when this seed's people are there already.
    """
    require_dedicated()
    if Person.objects.filter(email=email(size.seed, 0)).exists():
        raise AlreadyMade(f"What seed {size.seed} makes is there already: choose another --seed.")
    started, moment = time.monotonic(), now()
    random = Random(size.seed)  # noqa: S311  what is made up may be guessed
    began = moment - timedelta(days=DAYS)
    with _own_connection() as connection:
        writer = _Writer(connection)

        def identify(at: datetime) -> UUID:
            return _identifier(at, random)

        with connection.transaction():
            teams = make_teams(
                writer.copy,
                identify,
                began=began,
                seed=size.seed,
                records=size.records,
                team=size.team,
                each=min(size.each, size.records),
            )
        course = Course(random, identify, moment, began)
        total = size.records + size.events
        for first in range(0, total, CHUNK):
            count = min(CHUNK, total - first)
            with connection.transaction():
                _write_chunk(writer, course, teams, _when(random, teams, began, moment, first, count, total))
            report(first + count, total)
    return Made(writer.rows, total, len({p for team in teams for p in team.people}), time.monotonic() - started)


def _when(
    random: Random, teams: list[Team], began: datetime, moment: datetime, first: int, count: int, total: int
) -> list[tuple[int, datetime]]:
    """Which team, and when: every record is opened first, then they write in turn at random."""
    step = (moment - began) / (total + 1)
    return [
        (number if number < len(teams) else random.randrange(len(teams)), began + step * (number + 1))
        for number in range(first, first + count)
    ]


def _write_chunk(writer: _Writer, course: Course, teams: list[Team], when: list[tuple[int, datetime]]) -> None:
    seqs = [seq for (seq,) in writer.connection.execute(_SEQ_SQL, [len(when)]).fetchall()]
    kinds = ((team, at, seq) for (team, at), seq in zip(when, seqs, strict=True))
    written = course.write(teams, kinds)
    writer.heads(course, written)
    writer.copy("events_event", EVENT, iter(written.events))
    writer.copy("events_delivery", DELIVERY, iter(written.deliveries))
    writer.copy("messaging_message", MESSAGE, iter(written.messages))
    writer.copy("audit_entry", TRAIL, iter(written.trail))


class _Writer:
    """COPY into tables, counting rows."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection, self.rows = connection, 0

    def copy(self, table: str, columns: Sequence[str], rows: Iterator[tuple[Any, ...]]) -> int:
        """Write the rows; returns how many."""
        count = 0
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
            sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
        )
        with self.connection.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
                count += 1
        self.rows += count
        return count

    def heads(self, course: Course, written: Written) -> None:
        """Lock and move the inboxes in sorted order, then the records' logs."""
        people, records = sorted(written.people), sorted(written.records)
        self.connection.execute(_INBOXES_SQL, [people, [course.inboxes[person] for person in people]])
        self.connection.execute(_LOGS_SQL, [records, [course.logs[record] for record in records]])
        self.rows += len(people) + len(records)


@contextmanager
def _own_connection() -> Iterator[psycopg.Connection[Any]]:
    """The serving role's, without the limits that are for requests."""
    arguments = dict(connections["default"].get_connection_params())
    for name in ("cursor_factory", "context", "pool", "options"):
        arguments.pop(name, None)
    with psycopg.connect(**arguments, autocommit=True) as connection:
        connection.execute("SET synchronous_commit = off")
        yield connection


def _identifier(at: datetime, random: Random) -> UUID:
    """A uuid7 of that moment, the rest by seed."""
    milliseconds = int(at.timestamp() * 1000)
    value = milliseconds << 80 | 0x7 << 76 | random.getrandbits(12) << 64 | 0b10 << 62 | random.getrandbits(62)
    return UUID(int=value)
