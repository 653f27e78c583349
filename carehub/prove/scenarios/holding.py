"""Somebody holds something in the database: a record's lock, every connection, an old snapshot."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import timedelta

from carehub.prove.crowd import Attempt, Crowd
from carehub.prove.history import percentile
from carehub.prove.stage import VISIBLE_SECONDS, Stage

OTHERS_SECONDS = 1.0
REFUSED_SECONDS = 2.5
LONGEST_SECONDS = 6.0


def locked_record(stage: Stage) -> None:
    """Other records' writes are quick; that record's are answered with 503 or 409 within 2.5 s; a full pool refuses."""
    house = stage.house
    web, small = house.web(), house.web(environment={"DATABASE_POOL_SIZE": "2"})
    record = stage.cast.records["Harbour"]
    with stage.crowd(web) as crowd, stage.crowd(small) as crush, house.superuser() as holder:
        crowd.write(8, every=0.2, people=["Ada", "Ben", "Eve"], records=[record])
        crowd.write(4, every=0.2, people=["Gus", "Hana", "Iris"])
        stage.await_(lambda: crowd.acknowledged >= 40, 60, "writes before the fault")
        with holder.transaction():
            holder.execute("SELECT FROM directory_carerecord WHERE id = %s FOR UPDATE", [record])
            stage.history.fault("a record's lock is held")
            began = time.monotonic()
            stage.pause(stage.of(8, 20, 60))
            held = [attempt for attempt in crowd.attempts if attempt.began >= began]
        stage.history.fault("the lock is released")
        released = time.monotonic()
        stage.await_(lambda: crowd.everybody_succeeds_after(released) is not None, 30, "success again")
        crowd.stop_writing()
        crush.write(stage.of(16, 32, 64), people=["Gus", "Hana", "Iris"])
        stage.pause(stage.of(4, 6, 30))
        stage.judge(crush)
        _require_refusals(stage, crush)
    _require_apart(stage, held, record)


def _require_apart(stage: Stage, held: Sequence[Attempt], record: str) -> None:
    here = [attempt for attempt in held if attempt.record == record]
    slow = percentile([attempt.seconds for attempt in held if attempt.record != record], 0.99)
    longest = max(attempt.seconds for attempt in here)
    stage.figure("others' write p99 s", slow)
    stage.figure("longest refusal s", longest)
    stage.figure("refused", len(here))
    stage.require(slow < OTHERS_SECONDS, f"other records' writes took {slow:.2f} s")
    stage.require(longest <= REFUSED_SECONDS, f"a write to the locked record was answered after {longest:.1f} s")
    statuses = Counter(attempt.status for attempt in here)
    stage.require(set(statuses) <= {503, 409}, f"writes to the locked record were answered with {dict(statuses)}")


def _require_refusals(stage: Stage, crush: Crowd) -> None:
    """Many requests for two connections: each is done or told to come again, and none waits for long."""
    statuses = Counter(attempt.status for attempt in crush.attempts)
    longest = max(attempt.seconds for attempt in crush.attempts)
    stage.figure("longest with a full pool s", longest)
    stage.figure("refused with a full pool", statuses[503])
    stage.require(statuses[201] > 0 and set(statuses) <= {201, 503}, f"with a full pool: {dict(statuses)}")
    stage.require(longest <= LONGEST_SECONDS, f"with a full pool a request took {longest:.1f} s")
    unsaid = [attempt for attempt in crush.attempts if attempt.status == 503 and not attempt.retry_after]
    stage.require(not unsaid, "a refusal did not say when to come again")


def old_snapshot(stage: Stage) -> None:
    """A writer idle in another database and an hour-long snapshot hold nobody's inbox back."""
    house = stage.house
    server = house.servers.postgres
    with ExitStack() as stack:
        elsewhere, reader = stack.enter_context(server.connect()), stack.enter_context(house.superuser())
        stack.enter_context(elsewhere.transaction())
        stack.enter_context(reader.transaction())
        elsewhere.execute("SELECT pg_current_xact_id()")
        reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        before = reader.execute("SELECT count(*) FROM events_event").fetchone()
        stage.history.fault("an idle writer elsewhere, and a snapshot that stays")
        house.advance(timedelta(hours=1))
        crowd = stack.enter_context(stage.crowd(house.web()))
        crowd.listen(8)
        crowd.write_some(stage.of(60, 200, 2000), every=0.1)
        stage.judge(crowd, visible_within=VISIBLE_SECONDS)
        after = reader.execute("SELECT count(*) FROM events_event").fetchone()
        stage.require(before == after, "the snapshot did not stay, so nothing was tried")
    stage.require(stage.figures["visible p50 s"] < 1, "sockets waited for the scan")
