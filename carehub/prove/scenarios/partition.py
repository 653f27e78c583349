"""The database is there and says nothing: what everybody else does meanwhile, and afterwards."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from datetime import timedelta

from carehub.client import Problem, Unreachable
from carehub.prove.crowd import Crowd
from carehub.prove.proxy import Toxics
from carehub.prove.scenarios.deadlines import ask, climbed
from carehub.prove.scenarios.redis import LATE_SECONDS
from carehub.prove.stage import VISIBLE_SECONDS, Stage

LONGEST_SECONDS = 6.0
HEALS_SECONDS = 5.0
READ = ("/api/v1/inbox", "/api/v1/records", "/api/v1/me", "/readyz")

Answer = tuple[str, int, bool, float]
"""Path, status (0 for none), whether it said when to come again, seconds."""


def silent_database(stage: Stage) -> None:
    """Every request is answered with 503 and Retry-After within 6 s; whole again within 5 s; nothing by halves."""
    house = stage.house
    with stage.proxies(house.servers.postgres.port) as (wall,):
        behind = house.behind(wall)
        webs = [house.web(environment=behind), house.web(environment=behind)]
        house.sweeper(environment=behind)
        stage.await_(lambda: webs[0].answers("/readyz"), 30, "ready")
        with stage.crowd(*webs) as crowd:
            ask(stage, crowd, 1, priority="stat", asked=("Cleo",))
            crowd.listen(8)
            crowd.write(4, every=0.1)
            goal = crowd.acknowledged + stage.of(20, 60, 300)
            stage.await_(lambda: crowd.acknowledged >= goal, 60, "writes before the fault")

            stage.history.fault("PostgreSQL falls silent")
            silent_from = time.monotonic()
            wall.toxics = Toxics(blackhole=True)
            house.advance(timedelta(minutes=16))
            reads = crowd.begin(_read_until(crowd, silent_from + stage.of(8, 20, 30)))
            answers = reads.result(90)
            stage.history.fault("PostgreSQL speaks again")
            healed = time.monotonic()
            wall.toxics = Toxics()
            stage.await_(lambda: crowd.everybody_succeeds_after(healed) is not None, 60, "success again")
            again = crowd.everybody_succeeds_after(healed) or 0.0
            stage.figure("sockets level s", stage.level(crowd, VISIBLE_SECONDS, "after the silence"))
            stage.await_(lambda: climbed(stage) == 1, LATE_SECONDS, "the rung that fell due meanwhile")
            stage.figure("sweeper again s", time.monotonic() - healed)
            stage.judge(crowd)
    during = [a for a in crowd.attempts if a.ended > silent_from and a.began < healed and a.status != 201]
    answers += [("a write", a.status, _is_soon(a.retry_after), a.seconds) for a in during]
    longest, slowest = max((seconds, path) for path, _, _, seconds in answers)
    others = Counter((path, status, says) for path, status, says, _ in answers if (status, says) != (503, True))
    stage.figure("refused meanwhile", len(answers))
    stage.figure("longest request s", longest)
    stage.figure("again max s", again)
    stage.require(len(during) >= 4, "no write was refused, so nothing was tried")
    stage.require(not others, f"answered otherwise than by 503 with Retry-After: {dict(others)}")
    stage.require(longest <= LONGEST_SECONDS, f"{slowest} took {longest:.1f} s")
    stage.require(again <= HEALS_SECONDS, f"the last writer succeeded {again:.1f} s after the end of the silence")


def _is_soon(retry_after: float | None) -> bool:
    return retry_after is not None and retry_after <= LONGEST_SECONDS


async def _read_until(crowd: Crowd, end: float) -> list[Answer]:
    found: list[Answer] = []

    async def one(path: str) -> None:
        while time.monotonic() < end:
            found.append(await _read(crowd, path))
            await asyncio.sleep(0.2)

    await asyncio.gather(*(one(path) for path in READ))
    return found


async def _read(crowd: Crowd, path: str) -> Answer:
    began = time.monotonic()
    status, says = 0, False
    try:
        status = (await crowd.client("Ada").get(path)).status
    except Problem as refusal:
        status, says = refusal.status, _is_soon(refusal.retry_after)
    except Unreachable:
        pass
    return path, status, says, time.monotonic() - began
