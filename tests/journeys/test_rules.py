"""Rules are adopted while people are working: old and new deadlines stand side by side."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.cast import PLAN
from tests.clients import Answer, Api
from tests.servers import Installation

pytestmark = pytest.mark.slow

RUNGS = """
SELECT e.type, s.rung, round(extract(epoch FROM s.at - e.at) / 3600) FROM delivery_escalation s
  JOIN events_event e ON e.id = s.event_id JOIN directory_person p ON p.id = s.person_id
 WHERE p.name = 'Ivan' ORDER BY e.seq, s.rung
"""


def admin(house: Installation, url: str) -> tuple[Api, UUID]:
    """Priya, made the clinic's admin; and the clinic."""
    ((clinic,),) = house.rows("SELECT id FROM directory_organization WHERE name = 'Lindenhof Clinic'")
    house.execute(
        "INSERT INTO directory_practitionerrole (id, person_id, organization_id, code, specialty, started_at)"
        " SELECT gen_random_uuid(), id, %s, 'organization-admin', '', carehub_now() FROM directory_person"
        " WHERE name = 'Priya'",
        [clinic],
    )
    return Api.log_in(url, "Priya"), clinic


def slower(rules: Any, *, times: int = 2) -> Any:
    """The rules with another clock for what is urgent."""
    clock = rules["clocks"]["urgent"]
    longer = {name: value * times for name, value in clock.items() if name != "source"}
    return {**rules, "clocks": {**rules["clocks"], "urgent": {**clock, **longer, "source": "agreed"}}}


def test_the_old_event_climbs_by_the_old_clock_and_the_new_one_by_the_new(house: Installation) -> None:
    web = house.web()
    priya, clinic = admin(house, web.url)
    maya = Api.log_in(web.url, "Maya")
    record = house.record_id()
    plan = maya.post(f"/records/{record}/plan/revisions", {"definition": PLAN, "rationale": "x"}, If_Match='"0"')
    assert plan.status == 201
    read = priya.get(f"/organizations/{clinic}/rules")
    body = {"rules": slower(read.json["rules"]), "reason": "Our clinic is closed at night"}
    adopted = priya.post(f"/organizations/{clinic}/rules", body, If_Match=read.headers["ETag"])
    assert (adopted.status, adopted.json["version"], adopted.headers["ETag"]) == (201, 1, '"1"'), adopted.body
    message = {
        "text": "Please look.",
        "priority": "urgent",
        "mentioned_roles": ["psychiatrist"],
        "asks_acknowledgement": True,
    }
    assert maya.post(f"/records/{record}/messages", message).status == 201

    for _ in range(25):
        house.advance(timedelta(hours=1))
        house.sweep_once()

    old = [("plan.revised", rung, hour) for rung, hour in ((1, 1), (2, 4), (3, 8), (4, 14), (5, 19), (6, 24))]
    new = [("message.posted", rung, hour) for rung, hour in ((1, 2), (2, 8), (3, 16))]
    assert house.rows(RUNGS) == old + new
    said = {row["sentence"] for row in adopted.json["in_words"]}
    assert "Prescribers must acknowledge a material plan revision within 16 hours." in said


def test_of_two_adoptions_at_once_one_wins(house: Installation) -> None:
    web = house.web()
    priya, clinic = admin(house, web.url)
    address = f"/organizations/{clinic}/rules"
    rules = priya.get(address).json["rules"]

    def adopt(times: int) -> Answer:
        body = {"rules": slower(rules, times=times), "reason": f"{times} times"}
        return priya.post(address, body, If_Match='"0"')

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(adopt, range(2, 10)))

    assert sorted(answer.status for answer in answers) == [201, *[412] * 7]
    lost = next(answer for answer in answers if answer.status == 412)
    assert (lost.json["code"], lost.json["current_version"], lost.headers["ETag"]) == ("rules-were-adopted", 1, '"1"')
    assert house.rows("SELECT version FROM access_rulebook") == [(1,)]


def test_they_are_absent_elsewhere_closed_to_who_may_only_read_and_repeated_once(house: Installation) -> None:
    web = house.web()
    priya, clinic = admin(house, web.url)
    maya, rosa = Api.log_in(web.url, "Maya"), Api.log_in(web.url, "Rosa")
    elsewhere = uuid4()
    house.execute(
        "INSERT INTO directory_organization (id, name, is_active) VALUES (%s, 'Elsewhere', true)", [elsewhere]
    )
    address = f"/organizations/{clinic}/rules"
    read = maya.get(address)
    assert (read.status, read.json["version"], read.headers["ETag"]) == (200, 0, '"0"')
    assert "named clinician" in read.json["notice"]
    body = {"rules": slower(read.json["rules"]), "reason": "x"}

    for who, organization in ((maya, elsewhere), (priya, elsewhere), (rosa, clinic)):
        for path in (f"/organizations/{organization}/rules", f"/organizations/{organization}/rules/versions"):
            absent = who.get(path.replace(str(organization), str(uuid4())))
            assert (who.get(path).status, who.get(path).body) == (404, absent.body), path
        written = who.post(f"/organizations/{organization}/rules", body, If_Match='"0"')
        assert (written.status, written.body) == (404, absent.body)
    assert maya.post(address, body, If_Match='"0"').status == 403
    assert priya.post(address, body).status == 428

    key = str(uuid4())
    first = priya.post(address, body, If_Match='"0"', Idempotency_Key=key)
    again = priya.post(address, body, If_Match='"0"', Idempotency_Key=key)
    assert (first.status, first.body) == (201, again.body)
    wrong = {**body, "rules": {**body["rules"], "asks": []}}
    refused = priya.post(address, wrong, If_Match='"1"')
    assert (refused.status, refused.json["errors"][0]["pointer"]) == (422, "/rules/asks")
    absurd = slower(read.json["rules"], times=0)
    refused = priya.post(address, {"rules": absurd, "reason": "x"}, If_Match='"1"')
    assert (refused.status, refused.json["errors"][0]["pointer"]) == (422, "/rules/clocks/urgent/delivered_minutes")
    page = maya.get(f"{address}/versions?limit=1").json
    assert [(row["version"], row["adopted_by"]["name"]) for row in page["results"]] == [(1, "Priya")]
    assert maya.get(f"{address}/versions?before=1").json == {"results": [], "next": None}
