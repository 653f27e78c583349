"""The way to the server is bad: slow, cut off at random, a byte at a time, narrow."""

from __future__ import annotations

from contextlib import ExitStack
from random import Random

from carehub.prove.crowd import Crowd
from carehub.prove.proxy import Proxy, Toxics
from carehub.prove.stage import Stage

BAD = (
    ("slow", Toxics(latency=0.3, jitter=0.2)),
    ("cut off", Toxics(resets=0.05)),
    ("byte by byte", Toxics(one_byte=True)),
    ("narrow", Toxics(bandwidth=20_000)),
)


def toxics(stage: Stage) -> None:
    """Nothing lost or doubled; a request that ended in silence is never reported as done."""
    house = stage.house
    webs = [house.web(), house.web()]
    with ExitStack() as stack:
        proxies = [stack.enter_context(Proxy(web.port, Random(stage.random.random()))) for web in webs]  # noqa: S311
        urls = [proxy.url for proxy in proxies]
        crowd = stack.enter_context(Crowd(stage.cast, urls, stage.history, stage.random))
        crowd.listen(8)
        crowd.write(4, every=0.1)
        for name, bad in BAD:
            stage.history.fault(name)
            for proxy in proxies:
                proxy.toxics = bad
            goal = crowd.acknowledged + stage.of(10, 60, 600)
            stage.await_(lambda goal=goal: crowd.acknowledged >= goal, 240, f"writes, {name}")  # type: ignore[misc]
        for proxy in proxies:
            proxy.toxics = Toxics()
        stage.judge(crowd)
        stage.figure("cut off", sum(proxy.resets for proxy in proxies))
        stage.figure("repeated", sum(attempt.status != 201 for attempt in crowd.attempts))
    stage.require(stage.figures["cut off"] > 0, "no connection was cut off, so nothing was tried")
