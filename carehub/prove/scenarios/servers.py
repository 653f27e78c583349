"""Web servers and the database are killed, and restarted, under load."""

from __future__ import annotations

import time

from carehub.prove.processes import Web
from carehub.prove.stage import Stage

AGAIN_SECONDS = 3.0
DATABASE_AGAIN_SECONDS = 5.0
LONGEST_SECONDS = 6.0
WRITERS = 8
SOCKETS = 30


def killed_web(stage: Stage) -> None:
    """Nothing lost, doubled or missing; every writer succeeds again within 3 s of each kill, on the other server."""
    house = stage.house
    webs = [house.web(), house.web()]
    kills, writes = stage.of(3, 20, 200), stage.of(100, 5000, 50_000)
    every = {"slice": 0.2, "quick": 0.0, "full": 0.0}[stage.size]
    again = []
    with stage.crowd(*webs) as crowd:
        crowd.listen(SOCKETS)
        crowd.write(WRITERS, every=every)
        for number in range(1, kills + 1):
            share = writes * number // kills
            stage.await_(lambda share=share: crowd.acknowledged >= share, 300, "writes between two kills")  # type: ignore[misc]
            chosen = stage.random.randrange(2)
            stage.history.fault(f"web {chosen} killed")
            webs[chosen].kill()
            moment = time.monotonic()
            stage.await_(lambda: crowd.everybody_succeeds_after(moment) is not None, 30, "success again")  # noqa: B023
            again.append(crowd.everybody_succeeds_after(moment) or 0.0)
            webs[chosen] = house.web(port=webs[chosen].port)
        stage.judge(crowd)
    stage.figure("kills", kills)
    stage.figure("again max s", max(again))
    stage.require(max(again) <= AGAIN_SECONDS, f"it took {max(again):.1f} s until every writer succeeded again")


def killed_database(stage: Stage) -> None:
    """No acknowledged write lost; 503 with Retry-After meanwhile, nothing hangs; back within 5 s of the start."""
    house, cluster = stage.house, stage.cluster
    webs = [house.web(), house.web()]
    again = []
    with stage.crowd(*webs) as crowd:
        crowd.listen(stage.of(8, 16, 30))
        crowd.write(WRITERS, every=0.1)
        for _ in range(stage.of(1, 3, 20)):
            goal = crowd.acknowledged + stage.of(50, 200, 500)
            stage.await_(lambda goal=goal: crowd.acknowledged >= goal, 120, "writes between two kills")  # type: ignore[misc]
            stage.history.fault("PostgreSQL killed")
            down = time.monotonic()
            cluster.kill_postgres()
            stage.await_(lambda: time.monotonic() > down + 2, 5, "two seconds without it")  # noqa: B023
            cluster.heal()
            moment = time.monotonic()
            stage.history.fault("PostgreSQL started")
            stage.await_(lambda: crowd.everybody_succeeds_after(moment) is not None, 60, "success again")  # noqa: B023
            firsts = [a.ended - moment for a in crowd.attempts if a.status == 201 and a.ended > moment]
            again.append(min(firsts))
        stage.judge(crowd)
        attempts = crowd.attempts
    refused = [attempt for attempt in attempts if attempt.status not in (0, 201)]
    longest = max(attempt.seconds for attempt in attempts)
    stage.figure("kills", len(again))
    stage.figure("refused meanwhile", len(refused))
    stage.figure("longest request s", longest)
    stage.figure("again max s", max(again))
    stage.require(refused, "nothing was refused, so nothing was tried")
    stage.require(
        all(attempt.status == 503 and attempt.retry_after for attempt in refused),
        f"refused otherwise than by 503 with Retry-After: {sorted({attempt.status for attempt in refused})}",
    )
    stage.require(longest <= LONGEST_SECONDS, f"a request took {longest:.1f} s")
    stage.require(max(again) <= DATABASE_AGAIN_SECONDS, f"the first success came {max(again):.1f} s after the start")


def rolling_restart(stage: Stage) -> None:
    """No write fails beyond a retry on the other server; every socket is told 1012 before its server goes."""
    house = stage.house
    webs = [house.web(), house.web()]
    with stage.crowd(*webs) as crowd:
        crowd.gives_up = 0.0
        crowd.listen(SOCKETS)
        crowd.write(WRITERS, every=0.1)
        for _ in range(stage.of(1, 2, 10)):
            for place in (0, 1):
                goal = crowd.acknowledged + stage.of(30, 100, 300)
                stage.await_(lambda goal=goal: crowd.acknowledged >= goal, 120, "writes between two restarts")  # type: ignore[misc]
                webs[place] = _restart(stage, webs[place])
        stage.judge(crowd)
        codes = list(crowd.close_codes)
        refused = [attempt.status for attempt in crowd.attempts if attempt.status not in (0, 201)]
    stage.figure("told 1012", codes.count(1012))
    stage.figure("repeated", sum(attempt.status != 201 for attempt in crowd.attempts))
    stage.require(set(codes) == {1012}, f"sockets were closed with {sorted(set(codes), key=str)}")
    stage.require(not refused, f"requests were refused with {sorted(set(refused))}")
    stage.require(stage.figures["unanswered"] == 0, "a write had no answer after its retries")


def _restart(stage: Stage, web: Web) -> Web:
    stage.history.fault(f"{web.name} asked to end")
    began = time.monotonic()
    web.terminate()
    stage.figure("end max s", max(stage.figures.get("end max s", 0.0), time.monotonic() - began))
    return stage.house.web(port=web.port)
