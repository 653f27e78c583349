"""Sweepers and workers die while they hold something: every job is done, and what left the house twice is the same."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

from carehub.prove.history import percentile
from carehub.prove.processes import Process
from carehub.prove.scenarios.deadlines import ASKED, ask, climbed
from carehub.prove.stage import Stage

LATE_SECONDS = 60.0
"""After a kill."""

ON_TIME_SECONDS = 10.0
FIRST_RUNG = timedelta(hours=1)
"""Of an urgent request that did not arrive."""

APART = timedelta(seconds=20)
"""Between two batches that fall due."""

SWEEPERS = ("first sweeper", "second sweeper")
SECOND = timedelta(seconds=1)
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
    """Each rung once, at most 10 s late while nobody dies, and a minute after a kill; each notice is sent."""
    house = stage.house
    messages, kills = stage.of(3, 5, 10), stage.of(4, 20, 100)
    rows = (kills + 1) * messages * len(ASKED)
    with stage.crowd(house.web()) as crowd:
        for _ in range(kills + 1):
            ask(stage, crowd, messages, priority="urgent")
            house.advance(APART)
    clock = _Clock(stage)
    running = {name: house.sweeper() for name in SWEEPERS} | {"worker": house.worker()}
    workers = [running["worker"]]
    stage.await_(lambda: "ready." in running["worker"].tail(), 60, "the worker is ready")

    clock.jump(FIRST_RUNG - APART * (kills + 1))
    stage.await_(lambda: climbed(stage) >= messages * len(ASKED), LATE_SECONDS, "the first rungs")
    stage.figure("late p99 s", percentile(clock.lateness(), 0.99))
    stage.require(stage.figures["late p99 s"] <= ON_TIME_SECONDS, "rungs were late, though nobody died")
    died = 0
    for number in range(kills):
        clock.jump(APART)
        stage.pause(stage.random.uniform(0.3, 1.5))
        role = stage.random.choice(sorted(running))
        died += sum(not process.is_running() for process in running.values())
        stage.history.fault(f"{role} killed")
        running[role].kill()
        for name in running:
            if not running[name].is_running():
                running[name] = house.worker() if name == "worker" else _sweeper(stage, is_doomed=number % 2 == 0)
                workers += [running[name]] * (name == "worker")
    for name in SWEEPERS:
        running[name].kill()
        running[name] = house.sweeper()
    clock.jump(APART)
    stage.await_(lambda: climbed(stage) >= rows, LATE_SECONDS, f"{rows} rungs climbed")

    house.advance(LEASE)
    stage.await_(lambda: unsent(stage) == 0, LATE_SECONDS, "every notice sent")
    stage.figure("kills", kills + died)
    stage.figure("died amid a batch", died)
    stage.figure("rungs", climbed(stage))
    late = clock.lateness()
    stage.figure("late after kills p99 s", percentile(late, 0.99))
    stage.figure("late after kills max s", max(late))
    stage.require(max(late) <= LATE_SECONDS, f"a rung was {max(late):.0f} s late")
    stage.require(climbed(stage) == rows, f"{climbed(stage)} rungs for {rows} due rows")
    require_mails(stage, workers)
    stage.verify()


def _sweeper(stage: Stage, *, is_doomed: bool) -> Process:
    """A sweeper; one that is doomed dies amid the first batch that it climbs."""
    return stage.house.sweeper(environment={"CAREHUB_FAILPOINT": "mid_escalation:kill9"} if is_doomed else None)


class _Clock:
    """The database's clock with its jumps: what falls due within one cannot be climbed before its end."""

    def __init__(self, stage: Stage) -> None:
        self._house = stage.house
        self._jumps: list[tuple[datetime, datetime]] = []

    def jump(self, by: timedelta) -> None:
        """Move it forward."""
        before = self._now()
        self._house.advance(by)
        self._jumps.append((before, self._now()))

    def lateness(self) -> list[float]:
        """Of each first rung, the seconds from its deadline to its climbing, without those that were jumped over."""
        rungs = self._house.rows(
            "SELECT e.at, s.at FROM delivery_escalation s JOIN events_event e ON e.id = s.event_id WHERE s.rung = 1"
        )
        return [(at - asked - FIRST_RUNG - self._jumped(asked + FIRST_RUNG, at)) / SECOND for asked, at in rungs]

    def _jumped(self, due: datetime, at: datetime) -> timedelta:
        spans = [min(after, at) - max(before, due) for before, after in self._jumps]
        return sum((span for span in spans if span > timedelta()), timedelta())

    def _now(self) -> datetime:
        ((found,),) = self._house.rows("SELECT carehub_now()")
        moment: datetime = found
        return moment
