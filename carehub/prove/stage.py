"""What a scenario plays on: a fresh installation, a seeded random, its size, and what it found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Literal

import msgspec

from carehub.prove.cast import Cast
from carehub.prove.checker import check, counts, stale
from carehub.prove.cluster import Cluster, CommandFailed
from carehub.prove.crowd import Crowd
from carehub.prove.history import History, read_history
from carehub.prove.installation import Installation
from carehub.prove.processes import NotWithin, Web
from carehub.standalone.foreground import await_condition

SEEDED = "prove_seeded"
VISIBLE_SECONDS = 7.0

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
    def crowd(self, *webs: Web) -> Iterator[Crowd]:
        """The cast, logged in on these servers."""
        with Crowd(self.cast, [web.url for web in webs], self.history, self.random) as crowd:
            yield crowd

    def judge(self, crowd: Crowd, *, visible_within: float | None = None) -> None:
        """Stop the writers, drain every inbox, check the history, then verify the ledger."""
        crowd.stop_writing()
        try:
            crowd.drain(self.of(30, 60, 60))
        except NotWithin as behind:
            self.failures.append(str(behind))
        self.history.sync()
        lines = read_history(self.history.path)
        readers = self.cast.readers
        found = check(lines, readers)
        if visible_within is not None:
            found += stale(lines, readers, visible_within)
        self.figures |= counts(lines, readers)
        self.failures += [f"{violation.fault}: {violation.words}" for violation in found]
        self.figure("deadlocks", self.deadlocks())
        self.require(self.deadlocks() == 0, "writers deadlocked")
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
