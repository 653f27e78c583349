"""Silence is noticed, climbs every rung once, and ends in one incident that a person closes."""

import json
import os
import signal
import urllib.request
from collections import Counter
from datetime import timedelta
from urllib.error import HTTPError

import pytest

from carehub.delivery.ladder import LADDER
from tests.cast import PLAN
from tests.clients import Api
from tests.servers import Installation, status_of, wait_until
from tests.sinks import SmtpSink

pytestmark = pytest.mark.slow

RUNGS = """
SELECT p.name, t.name, s.name, s.channel FROM delivery_escalation s
  JOIN directory_person p ON p.id = s.person_id JOIN directory_person t ON t.id = s.to_person_id
 ORDER BY s.rung, p.name
"""
URGENT_RUNGS = [timedelta(minutes=minutes) for minutes in (60, 240, 480, 800, 1120, 1440)]
"""When an urgent obligation that nobody receives climbs its rungs (docs/clinical-rules.md)."""

CLIMBED = "SELECT count(*) FROM delivery_escalation WHERE event_id = %s AND rung = %s"
ASKED = "SELECT asks FROM delivery_incident WHERE event_id = %s"
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
    # Else the clock's leap would end the claim of a notice that is just being sent, and it would be sent again.
    wait_until(lambda: house.rows("SELECT count(*) FROM delivery_dispatch WHERE state = 'sent'") == [(2,)], 60)

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
        for rung, due in enumerate(URGENT_RUNGS, 1):
            ((elapsed,),) = house.rows("SELECT carehub_now() - at FROM events_event WHERE id = %s", [event])
            house.advance(due - elapsed)
            if rung in (2, 4):
                sweepers[rung // 2 - 1].kill()
                sweepers.append(house.sweeper())
            wait_until(lambda r=rung: house.rows(CLIMBED, [event, r]) == [(3,)], 50, sweepers[-1].log)  # type: ignore[misc]
        for asks in range(1, 8):
            house.advance(timedelta(days=1))
            wait_until(lambda n=asks: house.rows(ASKED, [event]) == [(n,)], 30, sweepers[-1].log)  # type: ignore[misc]
    finally:
        os.kill(valkey, signal.SIGCONT)

    lateness = "SELECT rung, s.at - e.at FROM delivery_escalation s JOIN events_event e ON e.id = s.event_id"
    late = [took - URGENT_RUNGS[rung - 1] for rung, took in house.rows(f"{lateness} WHERE e.id = %s", [event])]
    assert len(late) == 18
    assert timedelta() <= min(late) <= max(late) < timedelta(minutes=1), "each rung at its minute"
    _require_sends_of_nothing_else(house)

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


def _require_sends_of_nothing_else(house: Installation) -> None:
    """Five rungs of three people go out, once each, and the incident's eight notices to its owner."""
    with SmtpSink() as smtp:
        worker = house.worker(environment={"EMAIL_URL": smtp.url})
        waiting = "SELECT count(*) FROM delivery_dispatch WHERE state <> 'sent'"
        wait_until(lambda: house.rows(waiting) == [(0,)], 60, worker.log)
        house.advance(timedelta(minutes=1))
        house.sweep_once()
        sent = [mail.key for mail in smtp.got]
    queued = house.rows(
        "SELECT d.id::text, coalesce(s.name, 'incident'), p.name FROM delivery_dispatch d"
        " JOIN directory_person p ON p.id = d.person_id LEFT JOIN delivery_escalation s ON s.id = d.escalation_id"
    )
    assert sorted(sent) == sorted(id for id, *_ in queued), "each notice was sent once, and no other"
    of_rungs = Counter(name for _, name, _ in queued if name != "incident")
    assert of_rungs == {rung.name: 3 for rung in LADDER[:-1]}
    assert [person for _, name, person in queued if name == "incident"] == ["Cora"] * 8


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
