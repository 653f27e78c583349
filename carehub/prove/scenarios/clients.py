"""Clients that vanish, stop reading, or come back all at once: each has everything, and none costs the others."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise

from websockets.asyncio.client import ClientConnection

from carehub.client import Connected, Disconnected, Timing
from carehub.prove import bulk
from carehub.prove.cast import PLAZA
from carehub.prove.checker import waits
from carehub.prove.crowd import Crowd
from carehub.prove.deaf import drop, hear_out, open_deaf
from carehub.prove.history import percentile, read_history
from carehub.prove.processes import Web, open_sockets, resident_bytes
from carehub.prove.proxy import Proxy, Toxics
from carehub.prove.stage import Stage

FREED_SECONDS = 60.0
LEVEL_SECONDS = 15.0
RECONNECT_SECONDS = 2.0
OTHERS_SECONDS = 1.0
MEGABYTE = 2**20
MORE_MEGABYTES = 50
POOL_SIZE = 12 + 4 + 1
"""Of one web server: Django's pool, the hub's pool, and the hub's reader."""

PATIENT = Timing(repeat_after=2.0)
"""A client's own back-off."""


def reconnecting(stage: Stage) -> None:
    """What sockets that are cut off every 2 s were told is the inbox; a silent client's socket is freed within 60 s."""
    web = stage.house.web()
    with stage.proxies(web.port, web.port) as (cutting, swallowing), stage.crowd(swallowing) as lost:
        sockets = lost.call(_open_deaf(lost, ["Iris", "Iris"]))
        vanished = swallowing.ways_out
        freed = _Freed(web, vanished)
        stage.history.fault("two clients vanish")
        freed.began = time.monotonic()
        swallowing.toxics = Toxics(blackhole=True)
        with stage.crowd(cutting) as crowd, stage.crowd(web) as writers:
            crowd.listen(stage.of(8, 16, 40))
            writers.write(4)
            _cut_until(stage, cutting, writers, stage.of(100, 2000, 20_000), freed)
            stage.judge(crowd)
            told = crowd.notices.values()
        stage.figure("sockets cut off", sum(isinstance(n, Disconnected) for notices in told for _, n in notices))
        stage.require(stage.figures["sockets cut off"] >= len(told), "not every socket was cut off")
        stage.await_(freed.look, FREED_SECONDS, "the vanished clients' sockets freed")
        stage.figure("freed s", freed.after)
        stage.require(freed.after <= FREED_SECONDS, f"a vanished client's socket was held for {freed.after:.0f} s")
        lost.call(drop(sockets))


@dataclass
class _Freed:
    """Looks for when a server let go of these connections; at once where the system does not tell."""

    web: Web
    peers: frozenset[int]
    began: float = 0.0
    after: float = 0.0

    def look(self) -> bool:
        if not self.after and not open_sockets(self.web.port, peers=self.peers):
            self.after = time.monotonic() - self.began
        return bool(self.after)


def _cut_until(stage: Stage, proxy: Proxy, writers: Crowd, events: int, freed: _Freed) -> None:
    while writers.acknowledged < events:
        stage.pause(RECONNECT_SECONDS)
        freed.look()
        stage.history.fault("every socket cut off")
        proxy.cut()
    writers.stop_writing()
    stage.figure("events", writers.acknowledged)


async def _open_deaf(crowd: Crowd, names: list[str]) -> list[ClientConnection]:
    return [await open_deaf(crowd.client(name)) for name in names]


def not_reading(stage: Stage) -> None:
    """Twenty readers of 20,000 events stop reading: memory stays, they are closed, the others are quick."""
    web = stage.house.web()
    readers = [name for name in ("Ada", "Ben", "Cleo", "Eve") for _ in range(5)]
    with stage.crowd(web) as crowd:
        crowd.listen(6, people=["Gus", "Hana", "Iris"])
        crowd.write(2, every=0.2, people=["Gus", "Hana"])
        crowd.write(1, every=0.2, people=["Ben"])
        stage.await_(lambda: crowd.acknowledged >= 20, 60, "writes before the fault")
        stage.pause(1)
        others, before = open_sockets(web.port), resident_bytes(web.popen.pid)
        sockets = crowd.call(_open_deaf(crowd, readers))
        stage.history.fault("twenty sockets are not read")
        began, done = time.monotonic(), len(crowd.attempts)
        bulk.publish(stage, "Harbour", stage.of(2000, 20_000, 100_000))
        stage.figure("written in s", time.monotonic() - began)
        most = _await_fewer(stage, web, others, began)
        codes = Counter(crowd.call(_hear_out(sockets)))
        stage.figure("closed s", time.monotonic() - began)
        # Everybody of Harbour reads all of it over HTTP; the checker compares.
        stage.judge(crowd)
        attempts = crowd.attempts[done:]
    slow = percentile([attempt.seconds for attempt in attempts], 0.99)
    seen = percentile(_waits_since(stage, began), 0.99)
    stage.figure("others' write p99 s", slow)
    stage.figure("others' visible p99 s", seen)
    # The good-bye stands behind what is not read, and a server does not wait for ever to get it out.
    stage.require(set(codes) <= {4013, None}, f"the sockets were closed with {dict(codes)}")
    stage.require(slow < OTHERS_SECONDS, f"the others' writes took {slow:.2f} s")
    stage.require(seen < OTHERS_SECONDS, f"the others were told after {seen:.2f} s")
    if before is not None:
        grown = (most - before) / MEGABYTE
        stage.figure("grown MB", grown)
        stage.require(grown < MORE_MEGABYTES, f"the server's memory grew by {grown:.0f} MB")


def _await_fewer(stage: Stage, web: Web, others: int | None, began: float) -> int:
    """Return when the deaf sockets are gone, with the most memory that the server took meanwhile."""
    most = 0

    def are_gone() -> bool:
        nonlocal most
        most = max(most, resident_bytes(web.popen.pid) or 0)
        return others is None or (open_sockets(web.port) or 0) <= others + 4

    stage.await_(are_gone, FREED_SECONDS, "the sockets that are not read closed")
    return most


async def _hear_out(sockets: list[ClientConnection]) -> list[int | None]:
    return await asyncio.gather(*(hear_out(socket) for socket in sockets))


def _waits_since(stage: Stage, began: float) -> list[float]:
    recent = [line for line in read_history(stage.history.path) if line.at >= began]
    known = {line.op for line in recent if line.kind == "invoke"}
    return waits([line for line in recent if line.op in known], stage.cast.readers)


def all_at_once(stage: Stage) -> None:
    """Hundreds of sockets dropped at once, again and again: all level within 15 s, no request fails but by 503."""
    webs = [stage.house.web(), stage.house.web()]
    people = list(PLAZA)
    most = 0
    with ExitStack() as stack:
        proxies = stack.enter_context(stage.proxies(*(web.port for web in webs)))
        writers = stack.enter_context(stage.crowd(*webs, people=people))
        crowd = stack.enter_context(stage.crowd(*proxies, people=people))
        for _ in range(stage.of(60, 300, 300) // 60):
            crowd.listen(60, timing=PATIENT)
        writers.write(2, every=0.5)
        slowest = 0.0
        for _ in range(5):
            goal = writers.acknowledged + 5
            stage.await_(lambda goal=goal: writers.acknowledged >= goal, 60, "writes between two drops")  # type: ignore[misc]
            stage.history.fault("every socket dropped")
            dropped = time.monotonic()
            for proxy in proxies:
                proxy.cut()
            most = max(most, _until_back(stage, crowd, webs, dropped))
            slowest = max(slowest, time.monotonic() - dropped)
        writers.stop_writing()
        stage.judge(crowd)
        stage.figure("sockets", len(crowd.notices))
        _require_manners(stage, crowd)
    statuses = sum((web.statuses() for web in webs), Counter())
    stage.figure("all level max s", slowest)
    stage.figure("connections max", most)
    stage.figure("answered 503", statuses[503])
    bad = {status: times for status, times in statuses.items() if status >= 500 and status != 503}
    stage.require(slowest <= LEVEL_SECONDS, f"it took {slowest:.1f} s until all were level")
    stage.require(most <= POOL_SIZE, f"{most} connections of one server to the database")
    stage.require(not bad, f"answered with {bad}")


def _until_back(stage: Stage, crowd: Crowd, webs: list[Web], dropped: float) -> int:
    """Return when each socket has said hello again and has what was written; the most database connections of one."""
    heads = dict(stage.house.rows("SELECT name, head FROM events_inbox JOIN directory_person p ON p.id = person_id"))
    most = 0

    def are_back() -> bool:
        nonlocal most
        most = max(most, *_connections(stage, webs))
        return crowd.is_level(heads) and all(
            any(at > dropped and isinstance(notice, Connected) for at, notice in reversed(told))
            for told in crowd.notices.values()
        )

    stage.await_(are_back, 60, "every socket back and level")
    return most


def _connections(stage: Stage, webs: list[Web]) -> list[int]:
    counted = "SELECT application_name, count(*) FROM pg_stat_activity WHERE datname = current_database() GROUP BY 1"
    found = dict(stage.house.rows(counted))
    return [int(found.get(web.name, 0)) for web in webs]


def _require_manners(stage: Stage, crowd: Crowd) -> None:
    """Nobody came back before the wait that it drew, and the draws are spread."""
    drawn, early = [], 0
    for told in crowd.notices.values():
        for (left, gone), (back, come) in pairwise(told):
            if isinstance(gone, Disconnected):
                drawn.append(gone.retry_in)
                early += isinstance(come, Connected) and back - left < gone.retry_in
    stage.figure("back-off min s", min(drawn))
    stage.figure("back-off max s", max(drawn))
    stage.require(not early, f"{early} sockets came back before their time")
    stage.require(len({round(wait, 2) for wait in drawn}) >= 20, "the waits are not spread")
    stage.require(min(drawn) >= 0.25, "a client waited less than half of half a second")
