"""Sweepers and workers die while they hold something: every job is done, and what left the house twice is the same."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta

from carehub.prove.processes import Process
from carehub.prove.scenarios.deadlines import ASKED, ask, climbed
from carehub.prove.stage import Stage

LATE_SECONDS = 60.0
LEASE = timedelta(seconds=40)
"""A claim older than thirty seconds may be taken over."""


def mails(workers: Iterable[Process]) -> Counter[str]:
    """How often each notice was sent, by the key that a provider knows it by."""
    found: Counter[str] = Counter()
    for worker in workers:
        found.update(re.findall(r"^Message-ID: <(\S+)@carehub>$", worker.log.read_text(errors="replace"), re.MULTILINE))
    return found


def unsent(stage: Stage) -> int:
    """How many notices are not marked as sent."""
    ((number,),) = stage.house.rows("SELECT count(*) FROM delivery_dispatch WHERE state <> 'sent'")
    return int(number)


def require_mails(stage: Stage, workers: Iterable[Process]) -> None:
    """Every notice left the house, and at most once more, under the same key."""
    sent = mails(workers)
    known = {str(id) for (id,) in stage.house.rows("SELECT id FROM delivery_dispatch")}
    stage.figure("notices", len(known))
    stage.figure("sent again", sum(sent.values()) - len(sent))
    stage.require(set(sent) == known, f"{len(set(sent) ^ known)} notices were not sent, or under another key")
    stage.require(max(sent.values(), default=0) <= 2, "a notice was sent more than twice")


def killed_again_and_again(stage: Stage) -> None:
    """Each rung once, at most a minute late after the last kill; each notice is sent."""
    house = stage.house
    rows, kills = stage.of(40, 200, 2000), stage.of(4, 20, 100)
    with stage.crowd(house.web()) as crowd:
        ask(stage, crowd, rows // len(ASKED), priority="urgent")
    running = {"first sweeper": house.sweeper(), "second sweeper": house.sweeper(), "worker": house.worker()}
    workers = [running["worker"]]
    stage.await_(lambda: "ready." in running["worker"].tail(), 60, "the worker is ready")

    house.advance(timedelta(minutes=61))
    for _ in range(kills):
        pause = time.monotonic() + stage.random.uniform(0.3, 1.5)
        stage.await_(lambda until=pause: time.monotonic() > until, 5, "a pause")  # type: ignore[misc]
        role = stage.random.choice(sorted(running))
        stage.history.fault(f"{role} killed")
        running[role].kill()
        running[role] = house.worker() if role == "worker" else house.sweeper()
        if role == "worker":
            workers.append(running[role])
    began = time.monotonic()
    stage.await_(lambda: climbed(stage) >= rows, LATE_SECONDS, f"{rows} rungs climbed")
    stage.figure("late s", time.monotonic() - began)

    house.advance(LEASE)
    stage.await_(lambda: unsent(stage) == 0, LATE_SECONDS, "every notice sent")
    stage.figure("kills", kills)
    stage.figure("rungs", climbed(stage))
    stage.require(climbed(stage) == rows, f"{climbed(stage)} rungs for {rows} due rows")
    require_mails(stage, workers)
    stage.verify()
