"""Silence is noticed, climbs every rung once, and ends in one incident that a person closes."""

import json
import os
import signal
import urllib.request
from datetime import timedelta
from urllib.error import HTTPError

import pytest

from carehub.delivery.ladder import LADDER
from tests.cast import PLAN
from tests.clients import Api
from tests.servers import Installation, status_of, wait_until

pytestmark = pytest.mark.slow

RUNGS = """
SELECT p.name, t.name, s.name, s.channel FROM delivery_escalation s
  JOIN directory_person p ON p.id = s.person_id JOIN directory_person t ON t.id = s.to_person_id
 ORDER BY s.rung, p.name
"""
EACH_ONCE = [(rung.name,) for rung in LADDER]


def test_the_silent_are_reminded_and_then_others_are_told_without_a_word_of_care(house: Installation) -> None:
    web = house.web()
    one, two = house.sweeper(), house.sweeper()
    worker = house.worker()
    maya, cora, paula = (Api.log_in(web.url, name) for name in ("Maya", "Cora", "Paula"))
    path = f"/records/{house.record_id()}/plan/revisions"
    assert maya.post(path, {"definition": PLAN, "rationale": "CANARY"}, If_Match='"0"').status == 201
    (mine,) = paula.get("/inbox/open").json["results"]
    assert paula.post("/inbox/receipts", {"acknowledge": [mine["n"]]}).status == 200

    house.advance(timedelta(hours=1, minutes=1))
    wait_until(lambda: len(house.rows(RUNGS)) == 2, 30, one.log)
    assert house.rows(RUNGS) == [("Cora", "Cora", "undelivered", "notice"), ("Ivan", "Ivan", "undelivered", "notice")]

    house.advance(timedelta(hours=7))
    wait_until(lambda: len(house.rows(RUNGS)) == 6, 30, two.log)
    assert house.rows(RUNGS)[2:] == [
        ("Cora", "Cora", "reminded", "notice"),
        ("Ivan", "Ivan", "reminded", "notice"),
        ("Cora", "Cora", "cover", "inbox and notice"),
        ("Ivan", "Cora", "cover", "inbox and notice"),
    ]

    overdue = cora.get("/uncommunicated?overdue=true").json["results"]
    assert {(row["person"], row["event_type"], row["next_rung"]) for row in overdue} == {
        ("Ivan", "plan.revised", "on-call"),
        ("Cora", "plan.revised", "on-call"),
    }
    assert maya.get("/uncommunicated").json["results"] == [], "only those who oversee a record see its silences"
    told = [row["event"] for row in cora.get("/inbox?limit=200").json["results"]]
    escalated = [event["body"]["person_name"] for event in told if event["type"] == "obligation.escalated"]
    assert sorted(escalated) == ["Cora", "Ivan"]

    wait_until(lambda: house.rows("SELECT count(*) FROM delivery_dispatch WHERE state = 'sent'") == [(6,)], 60)
    mails = worker.log.read_text()
    assert mails.count("Subject: CareHub: something is waiting for you") == 6
    assert "CANARY" not in mails
    assert "Rosa" not in mails
    assert house.rows("SELECT count(*) FROM delivery_escalation") == [(6,)], "each rung once, with two sweepers"


def test_eight_silent_days_without_redis_and_with_dying_sweepers_make_one_incident(house: Installation) -> None:
    web = house.web()
    maya, cora = Api.log_in(web.url, "Maya"), Api.log_in(web.url, "Cora")
    path = f"/records/{house.record_id()}/plan/revisions"
    revised = maya.post(path, {"definition": PLAN, "rationale": "x"}, If_Match='"0"')
    assert revised.status == 201
    event = revised.json["event_id"]
    valkey = house.servers.valkey.pid
    assert valkey is not None
    os.kill(valkey, signal.SIGSTOP)
    try:
        sweepers = [house.sweeper(), house.sweeper()]
        for day in range(8):
            house.advance(timedelta(days=1))
            if day in (0, 1):
                sweepers[day].kill()
                sweepers.append(house.sweeper())
        incident = "SELECT count(*) FROM delivery_incident WHERE event_id = %s"
        last = "SELECT count(*) FROM delivery_escalation WHERE event_id = %s AND rung = 6"
        wait_until(lambda: house.rows(last, [event]) == [(3,)], 60, sweepers[-1].log)
        wait_until(lambda: house.rows(incident, [event]) == [(1,)], 10)
    finally:
        os.kill(valkey, signal.SIGCONT)

    for name in ("Ivan", "Paula", "Cora"):
        rungs = house.rows(
            "SELECT s.name FROM delivery_escalation s JOIN directory_person p ON p.id = s.person_id"
            " WHERE p.name = %s AND s.event_id = %s ORDER BY s.rung",
            [name, event],
        )
        assert rungs == EACH_ONCE, name
    maya, cora = Api.log_in(web.url, "Maya"), Api.log_in(web.url, "Cora")  # their tokens have expired meanwhile
    (found,) = [row for row in cora.get("/incidents?open=true").json["results"] if row["event_id"] == event]
    assert (found["owner"], sorted(row["name"] for row in found["silent"])) == ("Cora", ["Cora", "Ivan", "Paula"])
    assert maya.get("/incidents").json["results"] == []

    empty = cora.post(f"/incidents/{found['id']}/close", {"reason": " "})
    assert (empty.status, empty.json["errors"][0]["pointer"]) == (422, "/reason")
    closed = cora.post(f"/incidents/{found['id']}/close", {"reason": "All three were abroad; spoken to."})
    assert (closed.status, closed.json["closed_by"]) == (200, "Cora")
    assert cora.post(f"/incidents/{found['id']}/close", {"reason": "Again"}).status == 409
    open_rows = "SELECT count(*) FROM events_delivery WHERE event_id = %s AND due_at IS NOT NULL AND outcome IS NULL"
    assert house.rows(open_rows, [event]) == [(0,)], "no obligation without an end state"


def test_a_plan_revised_daily_is_escalated_on_the_first_clock(house: Installation) -> None:
    web = house.web()
    record = house.record_id()
    for day in range(10):
        maya = Api.log_in(web.url, "Maya")  # a token lasts twelve hours
        weekly = {**PLAN["interventions"][0], "frequency": f"{day + 1} times a week"}
        body = {"definition": {**PLAN, "interventions": [weekly], "goals": []}, "rationale": f"Day {day}"}
        answer = maya.post(f"/records/{record}/plan/revisions", body, If_Match=f'"{day}"')
        assert answer.status == 201, answer.body
        if day == 0:
            house.advance(timedelta(hours=7))
        if day == 1:
            house.advance(timedelta(hours=1, minutes=1))
            house.sweep_once()
            rungs = house.rows(
                "SELECT s.name FROM delivery_escalation s JOIN directory_person p ON p.id = s.person_id"
                " WHERE p.name = 'Ivan' ORDER BY s.rung"
            )
            assert rungs == EACH_ONCE[:3], "eight hours after the first version, though the second is an hour old"
        house.advance(timedelta(hours=1))


def test_readiness_is_red_without_migrations_database_or_a_sweeper(house: Installation) -> None:
    web = house.web()
    assert status_of(web.url + "/livez") == 200
    assert status_of(web.url + "/readyz") == 503
    sweeper = house.sweeper()
    wait_until(lambda: status_of(web.url + "/readyz") == 200, 20, sweeper.log)

    sweeper.terminate()
    house.advance(timedelta(seconds=16))
    assert status_of(web.url + "/readyz") == 503

    house.execute("DELETE FROM django_migrations WHERE app = 'plans'")
    with pytest.raises(HTTPError) as refused:
        urllib.request.urlopen(house.web().url + "/readyz")
    with refused.value as answer:
        checks = json.load(answer)["checks"]
    assert "carehub migrate" in checks["migrations"]
    assert "carehub sweep" in checks["sweeper"]
    assert checks["database"] == "ok"
