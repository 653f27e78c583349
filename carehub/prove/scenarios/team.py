"""A team changes while obligations are open: who comes catches up, nothing stays with who goes, both can see it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from carehub.client import LoginEnded, Problem
from carehub.prove.cast import ADMIN
from carehub.prove.crowd import Crowd
from carehub.prove.scenarios.deadlines import ask
from carehub.prove.scenarios.lock_order import patiently
from carehub.prove.scenarios.snapshots import FLAG, PLAN
from carehub.prove.stage import Stage

URGENT_DUE = timedelta(hours=8)
ASAP_DUE = timedelta(hours=4)
CLOSED_SECONDS = 10.0
LEFT = "Other duties."
DELEGATE = "Guest1"
"""A nurse who is on another team."""

_OPEN = """
SELECT count(*) FROM events_delivery d JOIN events_event e ON e.id = d.event_id
 WHERE d.person_id = %s AND e.record_id = %s AND d.due_at IS NOT NULL AND d.outcome IS NULL
"""
_OPEN_AND_GONE = """
SELECT count(*) FROM events_delivery d JOIN events_event e ON e.id = d.event_id JOIN directory_person p
    ON p.id = d.person_id
 WHERE d.due_at IS NOT NULL AND d.outcome IS NULL AND NOT (p.is_active AND EXISTS (
       SELECT 1 FROM directory_membership m
        WHERE m.person_id = d.person_id AND m.record_id = e.record_id AND m.ended_at IS NULL))
"""
_PLACE = (
    "SELECT id FROM directory_membership WHERE record_id = %s AND person_id = %s AND role = %s AND ended_at IS NULL"
)
_PAST = "SELECT count(*) FROM delivery_escalation s WHERE s.person_id = %s AND s.to_person_id = %s"
_EMPLOY = """
INSERT INTO directory_practitionerrole (id, person_id, organization_id, code, specialty)
SELECT gen_random_uuid(), %s, id, 'psychiatrist', '' FROM directory_organization
"""


class _Team:
    """Harbour's team, as its people and the ledger see it."""

    def __init__(self, stage: Stage, crowd: Crowd) -> None:
        self.stage, self.crowd = stage, crowd
        self.record = stage.cast.records["Harbour"]
        self.path = f"/api/v1/records/{self.record}"

    def id(self, name: str) -> str:
        return self.stage.cast.people[name]

    def do(self, name: str, path: str, body: object) -> Any:
        """Somebody posts this, again while the record is busy."""
        return self.crowd.call(patiently(self.crowd, name, path, body)).json

    def join(self, name: str, role: str) -> None:
        self.do("Ada", f"{self.path}/members", {"person_id": self.id(name), "role": role})

    def leave(self, name: str, role: str, successor: str | None = None) -> None:
        ((place,),) = self.stage.house.rows(_PLACE, [self.record, self.id(name), role])
        heir = {"successor_id": self.id(successor)} if successor else {}
        self.do("Ada", f"{self.path}/members/{place}/end", {"reason": LEFT} | heir)

    def open(self, name: str) -> int:
        """How many obligations of this record are open with somebody."""
        ((number,),) = self.stage.house.rows(_OPEN, [self.id(name), self.record])
        return int(number)

    def owed(self, name: str) -> dict[str, str]:
        """What somebody is shown as open: its ground by event."""
        rows = self.crowd.call(self.crowd.client(name).get("/api/v1/inbox/open")).member("results")
        return {row["event"]["id"]: row["ground"] for row in rows}

    def states(self, name: str, event: str) -> dict[str, str]:
        """How far each is with an event, as somebody is shown."""
        path = f"/api/v1/events/{event}/deliveries"
        rows = self.crowd.call(self.crowd.client(name).get(path)).member("results")
        return {row["name"]: row["state"] for row in rows}

    def newest(self, name: str, type: str) -> Any:
        """The body of the newest event of a type in somebody's inbox."""
        cursor = self.crowd.call(self.crowd.client(name).first_cursor())
        found = None
        while True:
            page = self.crowd.call(self.crowd.client(name).get(f"/api/v1/inbox?after={cursor}&limit=200"))
            rows, cursor = page.member("results"), page.member("cursor")
            if not rows:
                return found
            found = next((row["event"]["body"] for row in reversed(rows) if row["event"]["type"] == type), found)


def changing(stage: Stage) -> None:
    """Late joining, leaving, another role, a delegate, deactivation: while two people write to the same record."""
    house = stage.house
    web = house.web()
    house.sweeper()
    with stage.crowd(web) as crowd, stage.crowd(web) as writers:
        team = _Team(stage, crowd)
        headers = {"If-Match": '"0"', "Idempotency-Key": "plan"}
        revised = {"definition": PLAN, "rationale": "First plan"}
        path = f"{team.path}/plan/revisions"
        plan = crowd.call(crowd.client("Ben").request("POST", path, revised, headers=headers)).member("event_id")
        flag = team.do("Dan", f"{team.path}/flags", FLAG)["event_id"]
        writers.write(2, every=0.1, people=["Ada", "Dan"], records=[team.record])
        writers.write(2, every=0.1, people=["Gus"])

        _joins_late(team, plan, flag)
        _leaves(team, plan, flag)
        _changes_role(team, flag)
        _is_deactivated(team)
        writers.stop_writing()
        _is_away(team)
        stage.figure("acknowledged", writers.acknowledged)
    ((left,),) = house.rows(_OPEN_AND_GONE)
    stage.require(left == 0, f"{left} obligations are open with somebody who is gone")
    house.sweep_once()
    stage.verify()


def _joins_late(team: _Team, plan: str, flag: str) -> None:
    """A nurse comes after plan and flag: she is told of both, and her clock begins now."""
    team.join("Iris", "nurse")
    owed = team.owed("Iris")
    team.stage.require(owed.get(flag) == "joining", f"a newcomer owes {owed}, not the flag")
    rows = team.stage.house.rows(
        "SELECT d.due_at - m.started_at FROM events_delivery d JOIN directory_membership m USING (person_id)"
        " WHERE d.event_id = %s AND d.person_id = %s AND m.record_id = %s",
        [flag, team.id("Iris"), team.record],
    )
    stood = abs(rows[0][0] - URGENT_DUE) < timedelta(seconds=5)
    team.stage.require(stood, f"a newcomer's deadline is {rows[0][0]} after joining")
    team.stage.require("Iris" in team.states("Ada", plan), "a newcomer was not told of the plan")


def _leaves(team: _Team, plan: str, flag: str) -> None:
    """Cleo goes, with a successor; Iris comes and goes while she is asked, without one."""
    stage = team.stage
    before = team.open("Cleo")
    team.leave("Cleo", "psychiatrist", "Dan")
    stage.require(before >= 2 and team.open("Cleo") == 0, f"{team.open('Cleo')} of {before} stayed with who left")
    stage.require(team.owed("Dan").get(flag) == "successor", "the successor is not shown what he inherited")
    for event in (plan, flag):
        stage.require(team.states("Dan", event).get("Cleo") == "handed_over", "he is not shown whose it was")
    told = team.newest("Cleo", "membership.ended")
    stage.require(told["successor_id"] == team.id("Dan"), "who left was not told who follows")
    rounds = stage.of(2, 8, 60)
    for _ in range(rounds):
        ask(stage, team.crowd, 1, priority="asap", asked=("Iris",))
        team.leave("Iris", "nurse")
        stage.require(team.open("Iris") == 0, "something stayed with who left")
        team.join("Iris", "nurse")
    inherited = [ground for ground in team.owed("Ada").values() if ground == "successor"]
    stage.require(len(inherited) >= rounds, f"{len(inherited)} of {rounds} came to the care manager")
    stage.figure("handed over", len(inherited) + before)


def _changes_role(team: _Team, flag: str) -> None:
    """Ben becomes a psychiatrist: the therapist's answer goes to the next therapist, and he sees to whom."""
    stage = team.stage
    stage.house.execute(_EMPLOY, [team.id("Ben")])
    team.join("Hana", "therapist")
    team.join("Ben", "psychiatrist")
    stage.require(flag in team.owed("Ben"), "he owed no answer, so nothing was tried")
    team.leave("Ben", "therapist", "Hana")
    stage.require(flag not in team.owed("Ben"), "the answer stayed with who is no therapist any more")
    stage.require(flag in team.owed("Hana"), "the answer did not come to the next therapist")
    for name in ("Ben", "Hana"):
        state = team.states(name, flag).get("Ben")
        stage.require(state == "handed_over", f"{name} sees it as {state}")


def _is_away(team: _Team) -> None:
    """Iris is away: the deadline reaches her delegate, who has a place while she is; it goes as it came."""
    stage, house = team.stage, team.stage.house
    ask(stage, team.crowd, 1, priority="asap", asked=("Iris",))
    now: datetime = house.rows("SELECT carehub_now()")[0][0]
    begins, ends = (f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M}" for moment in (now, now + timedelta(days=2)))
    times = {"starts": begins, "ends": ends, "time_zone": "UTC"}
    absence = team.do("Iris", "/api/v1/absences", times | {"delegate_id": team.id(DELEGATE)})["id"]
    house.advance(ASAP_DUE)
    past = [team.id("Iris"), team.id(DELEGATE)]
    stage.await_(lambda: house.rows(_PAST, past)[0][0] >= 1, 60, "the deadline reaches the delegate")
    opened = team.crowd.call(team.crowd.client(DELEGATE).get(team.path)).json
    names = [place["person"]["name"] for place in opened["team"]]
    stage.require(DELEGATE in names, "the delegate has no place")
    stage.require(team.open("Iris") > 0, "the delegate took from her what she owes")
    team.do("Iris", f"/api/v1/absences/{absence}/cancel", {})
    house.sweep_once()
    stage.await_(lambda: not house.rows(_PLACE, [team.record, team.id(DELEGATE), "nurse"]), 30, "the cover's end")
    stage.require(team.open(DELEGATE) == 0, "something stayed with the delegate")


def _is_deactivated(team: _Team) -> None:
    """Eve's account ends: sockets and token at once, every obligation with the care manager, who sees it."""
    stage = team.stage
    ask(stage, team.crowd, 1, priority="urgent", asked=("Eve",))
    before = set(team.owed("Eve"))
    with Crowd(stage.cast, [team.crowd.urls[0]], stage.history, stage.random, people=["Eve"]) as eve:
        eve.listen(2)
        path = f"/api/v1/people/{team.id('Eve')}/deactivate"
        team.do(ADMIN, path, {"reason": "Has left the clinic."})
        stage.await_(lambda: len(eve.endings) == 2, CLOSED_SECONDS, "her sockets closed")
        ended = all(isinstance(ending, LoginEnded) for ending in eve.endings)
        stage.require(ended, f"her sockets ended with {eve.endings}")
    try:
        team.crowd.call(team.crowd.client("Eve").get("/api/v1/me"))
        stage.require(False, "her token is good")
    except Problem as refusal:
        stage.require(refusal.status == 401, f"her token is answered with {refusal.status}")
    stage.require(before and team.open("Eve") == 0, f"{team.open('Eve')} of {len(before)} stayed with who is gone")
    lost = before - set(team.owed("Ada"))
    stage.require(not lost, f"{len(lost)} of {len(before)} did not come to the care manager")
    states = {team.states("Ada", event).get("Eve") for event in before}
    stage.require(states == {"handed_over"}, f"the care manager sees {states}")
