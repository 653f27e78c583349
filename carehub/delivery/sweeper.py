"""What is due? Any number of these may run; each asks the database, climbs, and beats. Needs no Redis.

1. Find the records on which a rung has fallen due, longest first, without locking them.
2. In rounds, climb a batch of each, in a transaction of its own: lock the record, look again under the lock, climb.
   Round after round until nothing is due, so that after an outage every missed rung is climbed, in order, to whoever
   is due now, and a record with thousands of rows keeps no other waiting.
3. Pass over a record that somebody else holds, another sweeper or a writer; wait for it only when nothing else is to
   be done, and not for long.
4. When a batch fails, climb its rows one by one, so that only the row that is broken waits.
5. Ask the owners of open incidents again, once a day.
6. Hand each channel by which notices are due to Celery; one whose worker is lost is handed over again after 10 s.
7. End places as cover whose time is over; every half-hour look ahead for roles that nobody covers.
8. Once an hour, whoever claims it asks Celery to verify the ledger; a lost task is made up for an hour later.
9. Every 15 s, whoever claims it looks for new events that this version cannot show, for the operators.
10. Beat, so that readiness can see a sweeper that has gone quiet.
"""

import functools
import itertools
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

from django.db import DatabaseError, connection
from psycopg.errors import QueryCanceled

from carehub.accounts import actions as accounts
from carehub.core import idempotency
from carehub.core.clock import DatabaseNow
from carehub.records import lookout

from . import actions, claims, climbing, tasks, unrenderable, verify
from .climbing import Key
from .models import Heartbeat

logger = logging.getLogger(__name__)

PERIOD_SECONDS = 2.0
QUIET_AFTER = timedelta(seconds=15)
BATCH = 200
HAND_OVER_EXPIRES = 60.0
LOOK_SECONDS = 5.0  # what one pass may spend on climbing, so that its other duties and its beat are not kept waiting
PATIENCE = timedelta(milliseconds=200)  # for a record that many write to: in the lock's queue its turn comes

Result = TypeVar("Result")


def run(*, name: str, stop: threading.Event, period: float = PERIOD_SECONDS) -> None:
    """Sweep until `stop` is set, at once again after a rung was climbed: more may be due.

    A database that does not answer is tried again next period.
    """
    while not stop.is_set():
        climbed = 0
        try:
            climbed, sent = sweep(name=name)
            if climbed or sent:
                logger.info("sweep: climbed=%s tasks=%s", climbed, sent)
        except DatabaseError as error:
            logger.warning("sweep: the database does not answer (%s)", type(error).__name__)
            connection.close()
        stop.wait(0 if climbed else period)


def sweep(*, name: str) -> tuple[int, int]:
    """One pass; returns how many rungs were climbed and how many tasks were handed to Celery."""
    beat(name)
    climbed = _duty(climb_all)
    _duty(ask_again)
    notices = _duty(hand_over_notices)
    _duty(lookout.keep_cover)
    _duty(verify_hourly)
    _duty(unrenderable.look)
    beat(name)
    return climbed, notices


def _duty(work: Callable[[], int | None]) -> int:
    """What it counted; 0 when it failed, for a defect in one duty must not end the others, nor the sweeper.

    Raises DatabaseError for a database that does not answer; a statement that took too long is that duty's alone.
    """
    try:
        return work() or 0
    except Exception as error:
        if isinstance(error, DatabaseError) and not isinstance(error.__cause__, QueryCanceled):
            raise
        logger.error("sweep: %s failed (%s)", work.__name__, type(error).__name__)
        return 0


def ask_again() -> None:
    """Ask the owners of open incidents whose day has come."""
    for incident in list(actions.due_incidents()[:BATCH]):
        _guarded(incident.event_id, lambda id=incident.pk: actions.ask_again(incident_id=id))  # type: ignore[misc]


def verify_hourly() -> None:
    """Once an hour, have the ledger verified and forget what has outlived its use."""
    if verify.claim():
        tasks.enqueue(tasks.verify_ledger, expires=verify.PERIOD.total_seconds())
        forget_outdated()


def climb_all(*, seconds: float = LOOK_SECONDS) -> int:
    """Climb what is due, for so many seconds at most; returns how many rungs were climbed."""
    look = _Look(until=time.monotonic() + seconds)
    while records := climbing.due_records(but=look.visited):
        look.visited.update(records)
        if not look.climb(records):
            break
    return look.climbed


@dataclass
class _Look:
    """One look at what is due: what was climbed, and what is left for the next one."""

    until: float
    climbed: int = 0
    visited: set[UUID] = field(default_factory=set)
    broken: set[Key] = field(default_factory=set)

    def climb(self, records: list[UUID]) -> bool:
        """Rounds of these records until nothing moves any more; False when the time is up."""
        patience = timedelta()
        while records:
            moved, held = [], []
            for record_id in records:
                if time.monotonic() > self.until:
                    return False
                rows = self._batch(record_id, patience)
                if rows is None:
                    held.append(record_id)
                elif rows:
                    moved.append(record_id)
            if not moved and patience:
                break
            patience = timedelta() if moved else PATIENCE
            records = moved + held
        return True

    def _batch(self, record_id: UUID, patience: timedelta) -> int | None:
        """How many rows of the record moved on; None while somebody else holds it."""
        try:
            found = actions.climb_due(record_id=record_id, but=self.broken, patience=patience)
        except Exception as error:
            logger.warning("sweep: record %s: a batch failed (%s); one by one", record_id, type(error).__name__)
            return self._one_by_one(record_id)
        if found is None:
            return None
        self.climbed += len(found.escalations)
        return found.rows

    def _one_by_one(self, record_id: UUID) -> int:
        """A row that fails is left for the next look; the others go on."""
        rows = climbing.due_rows(record_id, but=self.broken)
        for row in rows:
            one = functools.partial(actions.climb, record_id=record_id, person_id=row.person_id, event_id=row.event_id)
            is_done, escalation = _guarded(row.event_id, one)
            self.climbed += escalation is not None
            if not is_done:
                self.broken.add((row.person_id, row.event_id))
        return len(rows)


def _guarded(event_id: UUID, action: Callable[[], Result]) -> tuple[bool, Result | None]:
    """What is locked or broken must not keep the rest waiting, whatever is wrong with it: whether it went well."""
    try:
        return True, action()
    except Exception as error:
        logger.warning("sweep: event %s must wait (%s)", event_id, type(error).__name__)
        return False, None


def hand_over_notices() -> int:
    """Ask a worker to look at each channel by which something is due; lost tasks are made up for here."""
    claims.pass_by_failing_channels()
    asked = [channel_id for channel_id, lanes in claims.hand_over() for _ in range(lanes)]
    ask = functools.partial(tasks.enqueue, tasks.send_due, expires=HAND_OVER_EXPIRES)
    # A broker that does not answer costs one time-out a pass, not one for each channel.
    return sum(1 for _ in itertools.takewhile(ask, asked))


def forget_outdated() -> None:
    """Delete what has outlived its use, once an hour: keys, heartbeats of ended sweepers, sessions, tokens, tickets."""
    idempotency.forget_outdated()
    accounts.forget_outdated()
    Heartbeat.objects.filter(at__lt=DatabaseNow() - timedelta(days=1)).delete()


def beat(name: str) -> None:
    """Say that this sweeper has just looked."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO delivery_heartbeat (name, at) VALUES (%s, carehub_now())"
            " ON CONFLICT (name) DO UPDATE SET at = excluded.at",
            [name],
        )
