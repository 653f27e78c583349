"""A client that applies events has what a client that fetches afresh has: after each action, for each viewer."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from datetime import UTC, timedelta
from typing import Any

from carehub.prove.cast import ADMIN, TEAMS
from carehub.prove.crowd import Crowd
from carehub.prove.snapshot import Snapshot, apply, fetch
from carehub.prove.stage import Stage

VIEWERS = tuple(TEAMS["Harbour"])
PLAN = {
    "title": "Behavioural activation",
    "goals": [{"text": "Feel better on most days"}],
    "interventions": [{"text": "Sessions", "modality": "CBT", "frequency": "weekly", "provider_id": None}],
    "expectation": {"text": "Better within 12 weeks", "planned_appointments": 16, "review_on": "2030-01-15"},
}
FLAG = {
    "coding": {"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "E03.9", "display": "Hypothyroidism"},
    "severity": "high",
    "question": "Does this change your plan?",
    "asked_roles": ["therapist"],
}

Deed = Callable[["_Player"], None]


class _Player:
    """Does things to Harbour over HTTP, and remembers what the next deed needs."""

    def __init__(self, stage: Stage, crowd: Crowd) -> None:
        self.stage, self._crowd = stage, crowd
        self.record = f"/api/v1/records/{stage.cast.records['Harbour']}"
        self.made: dict[str, Any] = {}
        self.viewers = list(VIEWERS)

    def do(self, name: str, path: str, body: object, *, method: str = "POST", **headers: str) -> Any:
        """Ask for one change, and return what was answered."""
        self.stage.random.random()
        given = {"Idempotency-Key": f"{self.stage.random.getrandbits(64):x}"}
        given |= {key.replace("_", "-"): value for key, value in headers.items()}
        return self._crowd.call(self._crowd.client(name).request(method, path, body, headers=given)).json


def _revise(player: _Player) -> None:
    body = {"definition": PLAN, "rationale": "First plan"}
    player.made["plan"] = player.do("Ben", f"{player.record}/plan/revisions", body, If_Match='"0"')


def _progress(player: _Player) -> None:
    goal = player.made["plan"]["definition"]["goals"][0]["id"]
    player.do("Eve", f"{player.record}/plan/goals/{goal}", {"achievement_status": "improving"}, method="PATCH")


def _raise(player: _Player) -> None:
    player.made["flag"] = player.do("Dan", f"{player.record}/flags", FLAG)


def _answer(player: _Player) -> None:
    path = f"{player.record}/flags/{player.made['flag']['id']}/answers"
    player.do("Ben", path, {"changes_plan": True, "text": "We go slower."})


def _post(player: _Player) -> None:
    asked = {"mentioned_ids": [player.stage.cast.people["Eve"]], "asks_acknowledgement": True}
    player.do("Cleo", f"{player.record}/messages", {"text": "Please look.", "priority": "stat"} | asked)


def _join(player: _Player) -> None:
    joins = {"person_id": player.stage.cast.people["Iris"], "role": "nurse", "purpose": "Covers"}
    player.made["place"] = player.do("Ada", f"{player.record}/members", joins)


def _leave(player: _Player) -> None:
    place = player.made["place"]["id"]
    player.do("Ada", f"{player.record}/members/{place}/end", {"reason": "Back to Meadow."})


def _climb(player: _Player) -> None:
    """Every rung of the stat message, past Eve, who is away, to her delegate, up to its incident."""
    player.made["absence"] = _go_away(player, "Eve", delegate_id=player.stage.cast.people["Guest1"])
    player.stage.house.advance(timedelta(hours=2))
    player.stage.house.sweep_once()


def _end_cover(player: _Player) -> None:
    """Her delegate's place ends when she is back."""
    player.do("Eve", f"/api/v1/absences/{player.made['absence']['id']}/cancel", {})
    player.stage.house.sweep_once()


def _miss_cover(player: _Player) -> None:
    """Dan is away and names nobody; a sweeper looks ahead each half-hour."""
    _go_away(player, "Dan")
    player.stage.house.advance(timedelta(minutes=31))
    player.stage.house.sweep_once()


def _go_away(player: _Player, name: str, **delegate: str) -> Any:
    ((now,),) = player.stage.house.rows("SELECT carehub_now()")
    begins, ends = (f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M}" for moment in (now, now + timedelta(days=2)))
    return player.do(name, "/api/v1/absences", {"starts": begins, "ends": ends, "time_zone": "UTC"} | delegate)


def _deactivate(player: _Player) -> None:
    """Cleo's account ends; what she owed goes to the care manager."""
    player.do(
        ADMIN, f"/api/v1/people/{player.stage.cast.people['Cleo']}/deactivate", {"reason": "Has left the clinic."}
    )
    player.viewers.remove("Cleo")


def _close(player: _Player) -> None:
    ((incident,),) = player.stage.house.rows("SELECT id FROM delivery_incident WHERE closed_at IS NULL LIMIT 1")
    player.do("Ada", f"/api/v1/incidents/{incident}/close", {"reason": "Talked to her."})


DEEDS: Mapping[str, Deed] = {
    "revise_plan": _revise,
    "progress_goal": _progress,
    "raise_flag": _raise,
    "answer_flag": _answer,
    "post_message": _post,
    "add_team_member": _join,
    "end_membership": _leave,
    "climb_due": _climb,
    "end_cover": _end_cover,
    "report_missing_cover": _miss_cover,
    "close_incident": _close,
    "deactivate_person": _deactivate,
}
"""Every action that changes a record that there is; a guard compares it with the suite's list."""


def applied(stage: Stage) -> None:
    """Old snapshot and events make the fresh snapshot, for each of five roles, after each action."""
    with stage.crowd(stage.house.web()) as crowd:
        player = _Player(stage, crowd)
        shown = {name: crowd.call(_fetch(stage, crowd, name)) for name in VIEWERS}
        cursors = {name: crowd.call(_head(crowd, name)) for name in VIEWERS}
        events = 0
        for name, deed in DEEDS.items():
            deed(player)
            for viewer in player.viewers:
                rows, cursors[viewer] = crowd.call(_news(crowd, viewer, cursors[viewer]))
                events += len(rows)
                _apply_all(stage, shown[viewer], rows, f"{name} as {viewer} sees it")
                fresh = crowd.call(_fetch(stage, crowd, viewer))
                wrong = [part for part in fresh if shown[viewer].get(part) != _told(fresh, shown[viewer], part)]
                stage.require(not wrong, f"{name} as {viewer} sees it: {', '.join(wrong)} differ")
                shown[viewer] = fresh
    stage.figure("actions", len(DEEDS))
    stage.figure("viewers", len(VIEWERS))
    stage.figure("events applied", events)
    stage.verify()


def _apply_all(stage: Stage, snapshot: Snapshot, rows: list[dict[str, Any]], words: str) -> None:
    for row in rows:
        if row["event"]["record_id"] != stage.cast.records["Harbour"]:
            continue
        try:
            apply(snapshot, row["event"])
        except KeyError as error:
            stage.require(False, f"{words}: {row['event']['type']} needs {error}, which is not there")


def _told(fresh: Snapshot, mine: Snapshot, part: str) -> dict[str, Any]:
    """A new revision's goals begin without a word about their achievement: a client fetches the revision."""
    shown = copy.deepcopy(fresh[part])
    if part == "plan" and not mine["plan"]["achievement"]:
        shown["achievement"] = {}
    return shown


async def _fetch(stage: Stage, crowd: Crowd, name: str) -> Snapshot:
    return await fetch(crowd.client(name), stage.cast.records["Harbour"])


async def _head(crowd: Crowd, name: str) -> str:
    return (await _news(crowd, name, await crowd.client(name).first_cursor()))[1]


async def _news(crowd: Crowd, name: str, cursor: str) -> tuple[list[dict[str, Any]], str]:
    found: list[dict[str, Any]] = []
    while rows := (page := await crowd.client(name).get(f"/api/v1/inbox?after={cursor}&limit=200")).member("results"):
        found += rows
        cursor = page.member("cursor")
    return found, cursor
