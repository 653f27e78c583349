"""Deadlines are kept whoever looks at them: four sweepers at once, or none for a while."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta

from carehub.prove.crowd import Crowd
from carehub.prove.processes import status_of
from carehub.prove.stage import Stage

ASKED = ("Ada", "Cleo", "Dan", "Eve")
CLIMBED = "SELECT count(*) FROM delivery_escalation"
WITHIN = 60.0


def ask(
    stage: Stage,
    crowd: Crowd,
    messages: int,
    *,
    priority: str,
    asked: tuple[str, ...] = ASKED,
    by: str = "Ben",
    at: str = "Harbour",
) -> None:
    """Ben asks these people of Harbour, in so many messages, to acknowledge; eight requests at a time."""
    record = stage.cast.records[at]
    body = {
        "priority": priority,
        "mentioned_ids": [stage.cast.people[name] for name in asked],
        "asks_acknowledgement": True,
    }
    gate = asyncio.Semaphore(8)

    async def one(number: int) -> None:
        op = f"ask-{'-'.join(asked)}-{priority}-{stage.random.getrandbits(32):08x}-{number}"
        async with gate:
            stage.history.invoke(op, who=by, record=record)
            await crowd.client(by).post(f"/api/v1/records/{record}/messages", body | {"text": op})
            stage.history.end(op, "ok")

    async def everything() -> None:
        await asyncio.gather(*(one(number) for number in range(messages)))

    crowd.call(everything(), 600)


def climbed(stage: Stage) -> int:
    """How many rungs there are."""
    ((number,),) = stage.house.rows(CLIMBED)
    return int(number)


def four_sweepers(stage: Stage) -> None:
    """As many rungs as due rows, no deadlock, within 30 s. All lie on one record."""
    rows = stage.of(100, 5000, 20000)
    web = stage.house.web()
    with stage.crowd(web) as crowd:
        ask(stage, crowd, rows // len(ASKED), priority="routine")
    sweepers = [stage.house.sweeper() for _ in range(4)]
    beating = "SELECT count(*) FROM delivery_heartbeat"
    stage.await_(lambda: stage.house.rows(beating) == [(4,)], 30, "four sweepers beat")
    before = stage.deadlocks()

    began = time.monotonic()
    stage.house.advance(timedelta(hours=25))
    stage.await_(lambda: climbed(stage) >= rows, 120, f"{rows} rungs climbed")
    stage.figure("rows", rows)
    seconds = time.monotonic() - began
    stage.figure("seconds", seconds)
    stage.figure("rungs per second", rows / seconds)
    for sweeper in sweepers:
        sweeper.terminate()
    stage.house.sweep_once()

    stage.figure("rungs", climbed(stage))
    stage.figure("deadlocks", stage.deadlocks() - before)
    stage.require(climbed(stage) == rows, f"{climbed(stage)} rungs for {rows} due rows")
    stage.require(stage.figures["deadlocks"] == 0, "the sweepers deadlocked")
    stage.require(stage.figures["seconds"] < 30, "it took 30 s or longer")
    stage.verify()


def dead_tickers(stage: Stage) -> None:
    """Unready within three periods; afterwards every missed rung, in order, once, to whoever is due now, in 60 s."""
    house = stage.house
    web, sweepers = house.web(), [house.sweeper(), house.sweeper()]
    stage.await_(lambda: status_of(web.url + "/readyz") == 200, 30, "ready")
    with stage.crowd(web) as crowd:
        ask_ben = {
            "text": "Please confirm.",
            "priority": "stat",
            "mentioned_ids": [stage.cast.people["Ben"]],
            "asks_acknowledgement": True,
        }
        record = f"/api/v1/records/{stage.cast.records['Harbour']}"
        crowd.call(crowd.client("Ada").post(f"{record}/messages", ask_ben))
        for sweeper in sweepers:
            sweeper.kill()
        house.advance(timedelta(seconds=16))
        stage.require(status_of(web.url + "/readyz") == 503, "ready 16 s after the last sweeper")

        house.advance(timedelta(minutes=35))
        # Whom the deadline's rung reaches is decided when it is climbed: Hana was not there when it fell due.
        joins = {"person_id": stage.cast.people["Hana"], "role": "therapist"}
        crowd.call(crowd.client("Ada").post(f"{record}/members", joins))
    began = time.monotonic()
    house.sweeper()
    house.sweeper()
    stage.await_(lambda: climbed(stage) >= 3, WITHIN, "the missed rungs climbed")
    stage.figure("late after the start s", time.monotonic() - began)
    house.sweep_once()
    rungs = house.rows(
        "SELECT s.name, p.name FROM delivery_escalation s JOIN directory_person p ON p.id = s.to_person_id"
        " ORDER BY s.at, s.rung"
    )
    stage.figure("rungs", len(rungs))
    stage.require(rungs == [("undelivered", "Ben"), ("reminded", "Ben"), ("cover", "Hana")], f"the rungs were {rungs}")
    stage.verify()
