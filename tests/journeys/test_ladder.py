"""Silence is noticed: the first rungs, a mail without a word of care in it, and readiness that sees a quiet sweeper."""

import json
import urllib.request
from datetime import timedelta
from urllib.error import HTTPError

import pytest

from tests.cast import PLAN
from tests.clients import Api
from tests.servers import Installation, status_of, wait_until

pytestmark = pytest.mark.slow

RUNGS = """
SELECT p.name, t.name, s.name, s.channel FROM delivery_escalation s
  JOIN directory_person p ON p.id = s.person_id JOIN directory_person t ON t.id = s.to_person_id
 ORDER BY s.rung, p.name
"""


def test_the_silent_are_reminded_then_the_care_manager_is_told_each_once(house: Installation) -> None:
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
    assert house.rows(RUNGS) == [("Cora", "Cora", "undelivered", "mail"), ("Ivan", "Ivan", "undelivered", "mail")]

    house.advance(timedelta(hours=7))
    wait_until(lambda: len(house.rows(RUNGS)) == 4, 30, two.log)
    assert house.rows(RUNGS)[2:] == [
        ("Cora", "Cora", "overdue", "inbox and mail"),
        ("Ivan", "Cora", "overdue", "inbox and mail"),
    ]

    overdue = cora.get("/uncommunicated?overdue=true").json["results"]
    assert {(row["person"], row["event_type"], row["rungs_climbed"]) for row in overdue} == {
        ("Ivan", "plan.revised", 2),
        ("Cora", "plan.revised", 2),
    }
    assert maya.get("/uncommunicated").json["results"] == [], "only those who oversee a record see its silences"
    told = [row["event"] for row in cora.get("/inbox?limit=200").json["results"]]
    escalated = [event["body"]["person_name"] for event in told if event["type"] == "obligation.escalated"]
    assert sorted(escalated) == ["Cora", "Ivan"]

    wait_until(lambda: house.rows("SELECT count(*) FROM delivery_dispatch WHERE state = 'sent'") == [(4,)], 40)
    mails = worker.log.read_text()
    assert mails.count("Subject: CareHub: something is waiting for you") == 4
    assert "CANARY" not in mails
    assert "Rosa" not in mails
    assert house.rows("SELECT count(*) FROM delivery_escalation") == [(4,)], "each rung once, with two sweepers"


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
