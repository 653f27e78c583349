"""Redis carries hints only: dead, silent or unheard, it costs seconds and never an event."""

from __future__ import annotations

import os
import signal
import time
from datetime import timedelta
from pathlib import Path
from random import Random

from carehub.client import Connected
from carehub.prove.crowd import Attempt, Crowd
from carehub.prove.history import percentile
from carehub.prove.processes import Web
from carehub.prove.proxy import Toxics
from carehub.prove.relay import Relay
from carehub.prove.scenarios.deadlines import ask, climbed
from carehub.prove.stage import BY_POLL, VISIBLE_SECONDS, Stage

LATE_SECONDS = 10.0
POLLED_SECONDS = 35.0
SLOWER_BY = 0.6


def killed(stage: Stage) -> None:
    """Every write succeeds, is visible within 7 s while Redis is dead, and deadlines are kept meanwhile."""
    house, cluster = stage.house, stage.cluster
    webs = house.web(), house.web()
    house.sweeper()
    house.worker()
    with stage.crowd(*webs) as crowd:
        ask(stage, crowd, 1, priority="stat", asked=("Cleo",))
        crowd.listen(stage.of(8, 16, 30))
        crowd.write(4, every=0.2)
        stage.await_(lambda: crowd.acknowledged >= 20, 30, "20 writes before the fault")

        stage.history.fault("Redis killed")
        cluster.kill_valkey()
        # Cleo has received it live, so the first rung is passed over; the second is due after half of 30 minutes.
        house.advance(timedelta(minutes=16))
        began = time.monotonic()
        stage.await_(lambda: climbed(stage) == 1, LATE_SECONDS, "the rung that fell due while Redis was dead")
        stage.figure("rung late s", time.monotonic() - began)
        goal = crowd.acknowledged + stage.of(40, 100, 1000)
        stage.await_(lambda: crowd.acknowledged >= goal, 120, "writes while Redis is dead")
        stage.figure("dead s", time.monotonic() - began)

        stage.history.fault("Redis started, and emptied")
        cluster.heal()
        cluster.empty_valkey()
        goal = crowd.acknowledged + 20
        stage.await_(lambda: crowd.acknowledged >= goal, 60, "20 writes after the fault")
        stage.judge(crowd, visible_within=VISIBLE_SECONDS)
        refused = [attempt for attempt in crowd.attempts if attempt.status != 201]
    stage.require(not refused, f"{len(refused)} of {len(crowd.attempts)} requests failed")


def stopped(stage: Stage) -> None:
    """With Redis stopped a write takes at most 0.6 s longer at the 99th percentile; threads and connections stay."""
    house, valkey = stage.house, stage.cluster.valkey.pid
    assert valkey is not None
    webs = house.web(), house.web()
    with stage.crowd(*webs) as crowd:
        crowd.listen(8)
        crowd.write(4, every=0.2)
        _busy_for(stage, crowd, stage.of(5, 10, 30))
        usual, usual_load = _p99(crowd.attempts), _load(stage, webs)
        count = len(crowd.attempts)

        stage.history.fault("Redis stopped")
        os.kill(valkey, signal.SIGSTOP)
        _busy_for(stage, crowd, stage.of(8, 20, 60))
        slow, slow_load = _p99(crowd.attempts[count:]), _load(stage, webs)
        os.kill(valkey, signal.SIGCONT)
        stage.judge(crowd, visible_within=VISIBLE_SECONDS)
    stage.figure("write p99 s", usual)
    stage.figure("write p99 stopped s", slow)
    stage.figure("threads", slow_load[0])
    stage.figure("connections", slow_load[1])
    stage.require(slow < usual + SLOWER_BY, f"a write took {slow:.2f} s, before {usual:.2f} s")
    stage.require(slow_load[0] <= usual_load[0] + 8, f"{slow_load[0]} threads, before {usual_load[0]}")
    stage.require(slow_load[1] <= usual_load[1] + 4, f"{slow_load[1]} connections, before {usual_load[1]}")


def unheard(stage: Stage) -> None:
    """Hints are dropped, all or half of them, doubled and out of turn: visible within 7 s, and 35 s to who polls.

    The listeners' server hears another channel, and a relay that it could be told by; pollers are refused a socket.
    """
    house, writes = stage.house, stage.of(60, 300, 4000)
    elsewhere = f"{house.database}-elsewhere"
    writing, listening = house.web(), house.web(environment={"CAREHUB_CHANNEL": elsewhere})
    with stage.proxies(listening.port) as (refusing,):
        refusing.toxics = Toxics(severs=b"Upgrade: websocket")
        with stage.crowd(refusing) as pollers, stage.crowd(listening) as listeners, stage.crowd(writing) as writers:
            pollers.listen(5, kind=BY_POLL)
            listeners.listen(stage.of(8, 24, 40))
            stage.history.fault("every hint dropped")
            writers.write_some(writes, every=0.1)
            stage.history.fault("half of the hints dropped, some doubled, out of turn")
            with _relay(stage, f"{house.database}:doorbell", f"{elsewhere}:doorbell") as relay:
                writers.write_some(writes, every=0.1)
            stage.figure("hints", relay.heard)
            stage.figure("hints dropped", relay.dropped)
            stage.level(pollers, POLLED_SECONDS + 5, "who polls")
            stage.judge(listeners, visible_within=VISIBLE_SECONDS, polled_within=POLLED_SECONDS)
            sockets = sum(isinstance(n, Connected) for told in pollers.notices.values() for _, n in told)
    stage.require(stage.figures["visible max s"] > 0.5, "hints arrived, so nothing was tried")
    stage.require(relay.dropped and relay.passed, "no hint was dropped or passed on, so nothing was tried")
    stage.require(not sockets, "who should poll had a socket")


def scanned(stage: Stage) -> None:
    """A part of `unheard`: every hint is dropped, and sockets are told within 7 s."""
    house = stage.house
    writing, listening = house.web(), house.web(environment={"CAREHUB_CHANNEL": f"{house.database}-elsewhere"})
    with stage.crowd(listening) as listeners, stage.crowd(writing) as writers:
        listeners.listen(8)
        writers.write_some(stage.of(30, 300, 4000), every=0.1)
        stage.judge(listeners, visible_within=VISIBLE_SECONDS)
    stage.require(stage.figures["visible max s"] > 0.5, "hints arrived, so nothing was tried")


def _relay(stage: Stage, source: str, target: str) -> Relay:
    random = Random(stage.random.random())  # noqa: S311
    return Relay(stage.cluster.valkey.url, source=source, target=target, random=random)


def _busy_for(stage: Stage, crowd: Crowd, seconds: float) -> None:
    end = time.monotonic() + seconds
    stage.await_(lambda: time.monotonic() > end, seconds + 5, "time to pass")
    crowd.until(lambda: True, 1)


def _p99(attempts: list[Attempt]) -> float:
    return percentile([attempt.seconds for attempt in attempts], 0.99)


def _load(stage: Stage, webs: tuple[Web, ...]) -> tuple[int, int]:
    """Threads of the servers (0 where the system does not tell) and their connections to the database."""
    tasks = [Path(f"/proc/{web.popen.pid}/task") for web in webs]
    threads = sum(len(list(folder.iterdir())) for folder in tasks if folder.exists())
    names = [web.name for web in webs]
    ((connections,),) = stage.house.rows(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = ANY(%s)",
        [names],
    )
    return threads, int(connections)
