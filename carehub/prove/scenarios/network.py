"""The way to the server is bad: slow, cut off at random, a byte at a time, narrow, half open."""

from __future__ import annotations

from carehub.client import Timing
from carehub.prove.crowd import Crowd
from carehub.prove.proxy import Proxy, Toxics
from carehub.prove.stage import Stage

BAD = (
    ("slow", Toxics(latency=0.3, jitter=0.2)),
    ("cut off", Toxics(resets=0.05)),
    ("byte by byte", Toxics(one_byte=True)),
    ("narrow", Toxics(bandwidth=20_000)),
)
HALF_OPEN_SECONDS = 3.0
PATIENCE_SECONDS = 8.0
TIMING = Timing(backoff=0.2, repeat_after=2.0, silence=20.0)
"""A socket whose other side is gone is noticed after two heartbeats here, not after the client's usual 40 s."""


def toxics(stage: Stage) -> None:
    """Nothing lost or doubled; a request that ended in silence is never reported as done."""
    house = stage.house
    webs = [house.web(), house.web()]
    with stage.proxies(*(web.port for web in webs)) as proxies, stage.crowd(*proxies) as crowd:
        crowd.patience = PATIENCE_SECONDS
        crowd.listen(8, timing=TIMING)
        crowd.write(4, every=0.1)
        for name, bad in BAD:
            stage.history.fault(name)
            for proxy in proxies:
                proxy.toxics = bad
            goal = crowd.acknowledged + stage.of(10, 60, 600)
            stage.await_(lambda goal=goal: crowd.acknowledged >= goal, 240, f"writes, {name}")  # type: ignore[misc]
        _leave_halves(stage, crowd, proxies)
        stage.judge(crowd)
        stage.figure("cut off", sum(proxy.resets for proxy in proxies))
        stage.figure("repeated", sum(attempt.status != 201 for attempt in crowd.attempts))
    stage.require(stage.figures["half open"] > 0, "no connection was left half open, so nothing was tried")
    stage.require(stage.figures["cut off"] > 0, "no connection was cut off, so nothing was tried")


def _leave_halves(stage: Stage, crowd: Crowd, proxies: list[Proxy]) -> None:
    """For some seconds each connection that is used loses one of its sides, and the other never hears of it."""
    stage.history.fault("half open")
    for proxy in proxies:
        proxy.toxics = Toxics(half_open=True)
    stage.pause(HALF_OPEN_SECONDS)
    for proxy in proxies:
        proxy.toxics = Toxics()
    goal = crowd.acknowledged + stage.of(10, 40, 400)
    stage.await_(lambda: crowd.acknowledged >= goal, 120, "writes after connections were left half open")
    stage.figure("half open", sum(proxy.halves for proxy in proxies))
