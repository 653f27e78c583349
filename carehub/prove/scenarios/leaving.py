"""Somebody leaves a team: what was not yet sent to him is not sent any more, and nobody writes to him meanwhile."""

from __future__ import annotations

from carehub.prove.checker import leaked
from carehub.prove.crowd import Crowd
from carehub.prove.history import read_history
from carehub.prove.scenarios.lock_order import patiently
from carehub.prove.stage import VISIBLE_SECONDS, Stage


def unheard(stage: Stage) -> None:
    """Eve's server hears no hints. She leaves before it looks: her open socket gets nothing more of that record."""
    house, record = stage.house, stage.cast.records["Harbour"]
    writing = house.web()
    listening = house.web(environment={"CAREHUB_CHANNEL": f"{house.database}-elsewhere"})
    with stage.crowd(listening, people=["Eve"]) as eve, stage.crowd(writing) as crowd:
        eve.listen(2)
        for _ in range(stage.of(2, 3, 20)):
            crowd.write_some(5, at_once=1, people=["Ada"], records=[record])
            _leave(stage, crowd)
            stage.pause(VISIBLE_SECONDS)
            joins = {"person_id": stage.cast.people["Eve"], "role": "nurse"}
            stage.history.join("Eve", record=record)
            crowd.call(patiently(crowd, "Ada", f"/api/v1/records/{record}/members", joins))
        stage.history.sync()
        found = leaked(read_history(stage.history.path))
        stage.figure("written", crowd.acknowledged)
        stage.figure("told", eve.heard)
    stage.failures += [f"{violation.fault}: {violation.words}" for violation in found]
    stage.require(eve.heard > 0, "her socket heard nothing, so nothing was tried")
    stage.verify()


def under_writers(stage: Stage) -> None:
    """Eve leaves and joins while others write: the audience of each event is the team at its number."""
    record = stage.cast.records["Harbour"]
    with stage.crowd(stage.house.web()) as crowd:
        crowd.write(6, people=["Ada", "Ben"], records=[record])
        joins = {"person_id": stage.cast.people["Eve"], "role": "nurse"}
        for _ in range(stage.of(6, 20, 200)):
            _leave(stage, crowd)
            crowd.call(patiently(crowd, "Ada", f"/api/v1/records/{record}/members", joins))
        crowd.stop_writing()
        stage.figure("acknowledged", crowd.acknowledged)
    stage.verify()


def _leave(stage: Stage, crowd: Crowd) -> None:
    record = stage.cast.records["Harbour"]
    ((place,),) = stage.house.rows(
        "SELECT id FROM directory_membership WHERE record_id = %s AND person_id = %s AND ended_at IS NULL",
        [record, stage.cast.people["Eve"]],
    )
    path = f"/api/v1/records/{record}/members/{place}/end"
    crowd.call(patiently(crowd, "Ada", path, {"reason": "Other duties."}))
    stage.history.leave("Eve", record=record)
