"""What is due? Any number of these may run; each asks the database, climbs, and beats. Needs no Redis.

1. Find due deliveries without locking them.
2. For each, in a transaction of its own: lock the record, look again under the lock, climb; again until nothing is
   due, so that after an outage every missed rung is climbed, in order, to whoever is due now.
3. Ask the owners of open incidents again, once a day.
4. Hand queued notices to Celery; one that is not sent within 30 s is handed over again.
5. Once an hour, whoever claims it asks Celery to verify the ledger; a lost task is made up for an hour later.
6. Beat, so that readiness can see a sweeper that has gone quiet.
"""

import itertools
import logging
import threading
from collections.abc import Callable, Collection
from datetime import timedelta
from uuid import UUID

from django.db import DatabaseError, connection

from carehub.accounts import actions as accounts
from carehub.core import idempotency
from carehub.core.clock import DatabaseNow
from carehub.events.models import Delivery

from . import actions, tasks, verify
from .ladder import LADDER
from .models import Escalation, Heartbeat

logger = logging.getLogger(__name__)

PERIOD_SECONDS = 2.0
QUIET_AFTER = timedelta(seconds=15)
BATCH = 200
PASSES = 100  # of a batch each: what one look may climb, so that other duties are not kept waiting for ever


def run(*, name: str, stop: threading.Event, period: float = PERIOD_SECONDS) -> None:
    """Sweep until `stop` is set. A database that does not answer is tried again next period."""
    while not stop.is_set():
        try:
            climbed, sent = sweep(name=name)
            if climbed or sent:
                logger.info("sweep: climbed=%s notices=%s", climbed, sent)
        except DatabaseError as error:
            logger.warning("sweep: the database does not answer (%s)", type(error).__name__)
            connection.close()
        stop.wait(period)


def sweep(*, name: str) -> tuple[int, int]:
    """One pass; returns how many rungs were climbed and how many notices were handed to Celery."""
    beat(name)
    climbed = 0
    stuck: set[UUID] = set()
    for _ in range(PASSES):
        rows = due(passing_over=stuck)
        if not rows:
            break
        for row in rows:
            if row.event.record_id in stuck:
                continue
            is_done, escalation = _climb(row)
            climbed += escalation
            if not is_done:
                stuck.add(row.event.record_id)
                beat(name)  # it may have waited for a lock
    for incident in list(actions.due_incidents()[:BATCH]):
        _guarded(incident.event_id, lambda id=incident.pk: actions.ask_again(incident_id=id))  # type: ignore[misc]
    notices = hand_over_notices()
    if verify.claim():
        tasks.enqueue(tasks.verify_ledger, expires=verify.PERIOD.total_seconds())
        forget_outdated()
    beat(name)
    return climbed, notices


def due(*, passing_over: Collection[UUID] = ()) -> list[Delivery]:
    """Open obligations whose next rung has fallen due, longest first; records that must wait are passed over."""
    rows = Delivery.objects.filter(next_rung_at__lte=DatabaseNow(), outcome=None, rung__lt=len(LADDER))
    rows = rows.exclude(event__record_id__in=list(passing_over)).select_related("event")
    return list(rows.order_by("next_rung_at")[:BATCH])


def _climb(row: Delivery) -> tuple[bool, int]:
    """Whether this row moved on (or another sweeper moved it), and how many rungs were climbed."""
    record_id = row.event.record_id
    found: list[Escalation | None] = []
    is_done = _guarded(
        row.event_id,
        lambda: found.append(actions.climb(record_id=record_id, person_id=row.person_id, event_id=row.event_id)),
    )
    return is_done, sum(escalation is not None for escalation in found)


def _guarded(event_id: UUID, action: Callable[[], object]) -> bool:
    """One record that is locked or broken must not keep the others waiting, whatever is wrong with it."""
    try:
        action()
    except Exception as error:
        logger.warning("sweep: event %s must wait (%s)", event_id, type(error).__name__)
        return False
    return True


def hand_over_notices() -> int:
    """Queue a task for each notice that is due; lost tasks are found again here."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE delivery_dispatch SET next_attempt_at = carehub_now() + interval '30 seconds'
             WHERE id IN (SELECT id FROM delivery_dispatch
                           WHERE next_attempt_at <= carehub_now() AND state IN ('queued', 'claimed')
                           ORDER BY next_attempt_at LIMIT %s FOR UPDATE SKIP LOCKED)
            RETURNING id
            """,
            [BATCH],
        )
        ids = [row[0] for row in cursor.fetchall()]
    # A broker that does not answer costs one time-out a pass, not one for each notice.
    return sum(1 for _ in itertools.takewhile(lambda id: tasks.enqueue(tasks.send_dispatch, id), ids))


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
