"""A night on which clocks are changed: the one who was asked sleeps, who is on call is reached, until eight."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.clients import Api
from tests.guards.conversation import FLAG
from tests.servers import Installation

pytestmark = pytest.mark.slow

BERLIN = ZoneInfo("Europe/Berlin")


def go_to(house: Installation, moment: datetime) -> None:
    """Move the database's clock there."""
    ((now,),) = house.rows("SELECT carehub_now()")
    house.advance(moment - now)


def next_autumn(now: datetime) -> datetime:
    """02:00 summer time, an hour before clocks go back, of the next year."""
    last = max(day for day in range(25, 32) if datetime(now.year + 1, 10, day, tzinfo=UTC).weekday() == 6)
    return datetime(now.year + 1, 10, last, 2, 0, tzinfo=BERLIN)


def test_who_is_on_call_is_reached_at_two_and_gone_at_eight(house: Installation) -> None:
    web = house.web()
    ((now, clinic, olga),) = house.rows(
        "SELECT carehub_now(), o.id, p.id FROM directory_organization o, directory_person p WHERE p.name = 'Olga'"
    )
    two = next_autumn(now)
    day = two.strftime("%Y-%m-%d")
    record = house.record_id()
    go_to(house, two - timedelta(minutes=40))
    house.sweep_once()
    cora, paula, olga_api, otto = (Api.log_in(web.url, name) for name in ("Cora", "Paula", "Olga", "Otto"))
    eve = (two - timedelta(days=1)).strftime("%Y-%m-%d")
    shift: dict[str, Any] = {"person_id": str(olga), "role": "psychiatrist", "kind": "on-call"}
    night = shift | {"starts": f"{eve}T20:00", "ends": f"{day}T08:00", "time_zone": "Europe/Berlin"}
    doubtful = cora.post(f"/organizations/{clinic}/shifts", night | {"ends": f"{day}T02:30"})
    assert (doubtful.status, doubtful.json["errors"][0]["pointer"]) == (422, "/ends")
    assert "exists twice" in doubtful.json["detail"]
    added = cora.post(f"/organizations/{clinic}/shifts", night)
    assert added.status == 201, added.body
    length = datetime.fromisoformat(added.json["ends_at"]) - datetime.fromisoformat(added.json["starts_at"])
    assert length == timedelta(hours=13), "the hour from two to three comes twice"

    body = FLAG | {"severity": "critical", "asked_roles": ["psychiatrist"]}
    flag = paula.post(f"/records/{record}/flags", body)
    assert flag.status == 201, flag.body
    path = f"/records/{record}/flags/{flag.json['id']}"
    assert olga_api.get(path).status == 404, "not before she is reached"

    go_to(house, two + timedelta(minutes=1))  # stat: due after 30 minutes, who is on call after 40
    house.sweep_once()

    ((rung, reached),) = house.rows(
        "SELECT s.name, p.name FROM delivery_escalation s JOIN directory_person p ON p.id = s.to_person_id"
        " JOIN directory_person silent ON silent.id = s.person_id WHERE silent.name = 'Ivan' AND s.rung = 4"
    )
    assert (rung, reached) == ("on-call", "Olga")
    seen = olga_api.get(path)
    assert (seen.status, seen.json["note"]) == (200, FLAG["note"])
    told = [row["event"]["type"] for row in olga_api.get("/inbox?limit=200").json["results"]]
    assert {"flag.raised", "membership.started", "obligation.escalated"} <= set(told)
    assert olga_api.get("/inbox/open").json["results"] == [], "who covers is asked nothing by what was there before"
    assert otto.get(path).status == 404, "who is off the rota sees nothing"
    assert olga_api.post(f"/records/{record}/messages", {"text": "I am with her."}).status == 201

    seven = datetime.fromisoformat(f"{day}T07:59").replace(tzinfo=BERLIN)
    go_to(house, seven)
    house.sweep_once()
    assert Api.log_in(web.url, "Olga").get(path).status == 200
    go_to(house, seven + timedelta(minutes=2))
    house.sweep_once()

    assert Api.log_in(web.url, "Olga").get(path).status == 404, "her place ended with her shift"
    ended = Api.log_in(web.url, "Cora").get(f"/records/{record}/timeline?type=membership.ended").json["results"]
    assert [(row["body"]["person_name"], row["body"]["reason"]) for row in ended] == [("Olga", "The cover ended.")]
    house.verify()


def test_deactivation_closes_what_is_open_at_once(house: Installation) -> None:
    web = house.web()
    house.execute(
        "UPDATE directory_practitionerrole SET code = 'organization-admin'"
        " WHERE person_id = (SELECT id FROM directory_person WHERE name = 'Priya')"
    )
    priya, ivan, paula = (Api.log_in(web.url, name) for name in ("Priya", "Ivan", "Paula"))
    record = house.record_id()
    assert paula.post(f"/records/{record}/flags", FLAG | {"asked_roles": ["psychiatrist"]}).status == 201
    ((person,),) = house.rows("SELECT id FROM directory_person WHERE name = 'Ivan'")
    assert ivan.post(f"/people/{person}/deactivate", {"reason": "x"}).status == 403

    gone = priya.post(f"/people/{person}/deactivate", {"reason": "Has left the clinic"})

    assert (gone.status, gone.json["is_active"]) == (200, False), gone.body
    assert ivan.get("/me").status == 401
    assert (
        Api(web.url).post("/tokens", {"email": "ivan@example.test", "password": "a-long-test-password"}).status == 401
    )
    house.verify()
