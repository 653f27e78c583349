"""What a scenario plays on: a fresh installation, a seeded random, its size, and what it found."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Literal

import msgspec

from carehub.prove.cast import Cast
from carehub.prove.checker import check, counts, stale, waits
from carehub.prove.cluster import Cluster, CommandFailed
from carehub.prove.crowd import Crowd
from carehub.prove.history import History, read_history
from carehub.prove.installation import Installation
from carehub.prove.processes import NotWithin, Web
from carehub.prove.proxy import Proxy
from carehub.standalone.foreground import await_condition

SEEDED = "prove_seeded"
VISIBLE_SECONDS = 7.0
BY_POLL = "by poll"

Size = Literal["slice", "quick", "full"]

_numbers = count(1)


@dataclass
class Stage:
    """One run of one scenario. It fails by `require`, `judge`, or by raising."""

    cluster: Cluster
    house: Installation
    cast: Cast
    random: Random
    size: Size
    history: History
    figures: dict[str, float] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def of(self, few: int, quick: int, full: int) -> int:
        """The one of the three numbers that this run's size asks for; `few` is for the suite's slice."""
        return {"slice": few, "quick": quick, "full": full}[self.size]

    def figure(self, name: str, value: float) -> None:
        """Put a measured figure into the report."""
        self.figures[name] = round(value, 2)

    def require(self, holds: object, words: str) -> None:
        """Note a failed criterion, and go on: one run tells all that it broke."""
        if not holds:
            self.failures.append(words)

    def await_(self, condition: Callable[[], bool], seconds: float, words: str) -> None:
        """Return once the condition holds. Raises NotWithin."""
        if not await_condition(condition, seconds):
            raise NotWithin(f"not within {seconds:g} s: {words}")

    @contextmanager
    def crowd(self, *ways: Web | Proxy, people: Sequence[str] | None = None) -> Iterator[Crowd]:
        """The two small teams, or these people, with tokens, before these servers or the proxies before them."""
        with Crowd(self.cast, [way.url for way in ways], self.history, self.random, people=people) as crowd:
            yield crowd

    @contextmanager
    def proxies(self, *ports: int) -> Iterator[list[Proxy]]:
        """A proxy before each of these ports."""
        with ExitStack() as stack:
            yield [stack.enter_context(Proxy(port, Random(self.random.random()))) for port in ports]  # noqa: S311

    def pause(self, seconds: float) -> None:
        """Let time pass that nothing else shows the end of."""
        end = time.monotonic() + seconds
        self.await_(lambda: time.monotonic() >= end, seconds + 5, "time to pass")

    def level(self, crowd: Crowd, seconds: float, words: str) -> float:
        """Seconds until every socket has its inbox's newest number; a failed criterion when that is too late."""
        began = time.monotonic()
        heads = dict(self.house.rows("SELECT name, head FROM events_inbox JOIN directory_person p ON p.id = person_id"))
        if not await_condition(lambda: crowd.is_level(heads), seconds):
            self.failures.append(f"{words}: sockets not level within {seconds:g} s")
        return time.monotonic() - began

    def judge(
        self,
        crowd: Crowd,
        *,
        visible_within: float | None = None,
        polled_within: float | None = None,
        verifies: bool = True,
    ) -> None:
        """Stop the writers, drain every inbox, check the history, then verify the ledger.

        `polled_within` is the limit for listeners of the kind "by poll"; the rest have `visible_within`.
        """
        crowd.stop_writing()
        try:
            crowd.drain(self.of(15, 60, 60))
        except NotWithin as behind:
            self.failures.append(str(behind))
        self.history.sync()
        lines = read_history(self.history.path)
        readers = self.cast.readers
        found = check(lines, readers)
        polled = [line for line in lines if line.kind != "read" or line.via.endswith(BY_POLL)]
        pushed = [line for line in lines if line.kind != "read" or not line.via.endswith(BY_POLL)]
        if visible_within is not None:
            found += stale(pushed, readers, visible_within)
        if polled_within is not None:
            found += stale(polled, readers, polled_within)
            self.figure("polled max s", max(waits(polled, readers), default=0))
        self.figures |= counts(lines, readers)
        self.failures += [f"{violation.fault}: {violation.words}" for violation in found]
        self.figure("deadlocks", self.deadlocks())
        self.require(self.deadlocks() == 0, "writers deadlocked")
        if verifies:
            self.verify()

    def verify(self) -> None:
        """`carehub verify-ledger` finds nothing broken."""
        try:
            self.house.verify()
        except CommandFailed as failed:
            self.failures.append(f"the ledger is broken: {failed}")

    def deadlocks(self) -> int:
        """How many deadlocks PostgreSQL has counted in this database."""
        ((number,),) = self.house.rows("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return int(number)


class Ground:
    """A cluster with the cast in it, made once; each scenario gets a copy. Enter it in the main thread."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        cluster.create_database(SEEDED)
        cluster.migrate(SEEDED)
        printed = cluster.run(["-m", "carehub.prove.cast"], cluster.environment(SEEDED, SEEDED))
        self.cast = msgspec.json.decode(printed, type=Cast)

    @contextmanager
    def stage(self, seed: int, size: Size) -> Iterator[Stage]:
        """A fresh installation without processes; whatever state the servers are left in, they run again afterwards."""
        name = f"prove_{next(_numbers)}"
        history = History(self.cluster.folder / f"{name}.jsonl")
        try:
            with Installation.copied(self.cluster, SEEDED, name) as house:
                try:
                    yield Stage(self.cluster, house, self.cast, Random(seed), size, history)  # noqa: S311
                finally:
                    self.cluster.heal()
        finally:
            history.close()


@contextmanager
def proving_ground() -> Iterator[Ground]:
    """Servers of one's own with the cast in their database; everything is stopped and removed afterwards."""
    with Cluster("prove") as cluster:
        yield Ground(cluster)
