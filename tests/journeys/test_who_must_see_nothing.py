"""Otto works next door. Rosa's record is, for him, byte for byte a record that does not exist."""

import asyncio
from uuid import UUID, uuid4

import pytest

from tests.cast import PLAN
from tests.clients import Answer, Api, Socket, run
from tests.servers import Installation

pytestmark = pytest.mark.slow

WRITES = (
    ("POST", "/records/{record}/plan/revisions", {"definition": PLAN, "rationale": "x"}),
    ("PATCH", "/records/{record}/plan/goals/{thing}", {"achievement_status": "achieved"}),
    (
        "POST",
        "/records/{record}/flags",
        {"coding": {"system": "x", "code": "y", "display": "z"}, "severity": "low"},
    ),
    ("POST", "/records/{record}/flags/{thing}/answers", {"changes_plan": False, "text": "x"}),
    ("POST", "/records/{record}/messages", {"text": "x"}),
    ("POST", "/records/{record}/members", {"person_id": str(UUID(int=7)), "role": "nurse"}),
    ("POST", "/records/{record}/members/{thing}/end", {"reason": "x"}),
)
READS = (
    "/records/{record}",
    "/records/{record}/timeline",
    "/records/{record}/plan",
    "/records/{record}/plan/revisions",
    "/records/{record}/plan/revisions/1",
    "/records/{record}/flags",
    "/records/{record}/flags/{thing}",
    "/records/{record}/messages",
    "/events/{thing}/deliveries",
)


def essence(answer: Answer) -> tuple[int, bytes, dict[str, str]]:
    """What a client could tell two answers apart by."""
    return answer.status, answer.body, {k: v for k, v in answer.headers.items() if k.lower() != "date"}


def test_a_foreign_record_is_byte_equal_to_an_absent_one(house: Installation) -> None:
    web = house.web()
    maya, otto = Api.log_in(web.url, "Maya"), Api.log_in(web.url, "Otto")
    record = house.record_id()
    first = maya.post(f"/records/{record}/plan/revisions", {"definition": PLAN, "rationale": "First"}, If_Match='"0"')
    assert first.status == 201
    goal = first.json["definition"]["goals"][0]["id"]
    event = first.json["event_id"]

    for method, path, body in WRITES:
        foreign = otto.call(method, path.format(record=record, thing=goal), body, raw=None, If_Match='"1"')
        absent = otto.call(method, path.format(record=uuid4(), thing=uuid4()), body, raw=None, If_Match='"1"')
        assert foreign.status == 404, (path, foreign.body)
        assert essence(foreign) == essence(absent), path
    for path in READS:
        foreign = otto.get(path.format(record=record, thing=event))
        assert foreign.status == 404, path
        assert essence(foreign) == essence(otto.get(path.format(record=uuid4(), thing=uuid4()))), path
    assert str(record) not in otto.get("/records").body.decode()
    assert "Rosa" not in otto.get("/inbox").body.decode()

    denied = house.rows(
        "SELECT count(*) FROM audit_entry WHERE outcome = 'denied' AND person_id ="
        " (SELECT id FROM directory_person WHERE name = 'Otto')"
    )
    assert denied[0][0] >= len(WRITES)


def test_the_socket_of_a_stranger_stays_silent_and_a_removed_member_hears_no_more(house: Installation) -> None:
    web = house.web()
    maya, otto, nils, cora = (Api.log_in(web.url, name) for name in ("Maya", "Otto", "Nils", "Cora"))
    record = house.record_id()
    team = cora.get(f"/records/{record}").json["team"]
    nurse = next(member["id"] for member in team if member["person"]["name"] == "Nils")

    async def scenario() -> None:
        stranger, leaver = await Socket.open(otto), await Socket.open(nils)
        await asyncio.to_thread(maya.post, f"/records/{record}/messages", {"text": "Before"})
        before = await leaver.next("event", type="message.posted")
        ended = await asyncio.to_thread(
            cora.post, f"/records/{record}/members/{nurse}/end", {"reason": "Changed wards"}
        )
        assert ended.status == 200, ended.body
        await leaver.next("event", type="membership.ended")
        await asyncio.to_thread(maya.post, f"/records/{record}/messages", {"text": "After"})
        own = await asyncio.to_thread(otto.post, f"/records/{house.record_id('Panic')}/messages", {"text": "Mine"})
        assert own.status == 201
        await stranger.next("event", type="message.posted")
        assert "Rosa" not in str(stranger.frames)
        assert [f["event"]["record_id"] for f in stranger.frames if f["kind"] == "event"] == [
            str(house.record_id("Panic"))
        ]

        # He resumes from before: what he had read is his no longer, and what came after never was.
        again = await Socket.open(nils, cursor=f"1.{before['n'] - 1}")
        told = await again.next("event")
        assert told["event"]["type"] == "membership.ended"
        assert (await asyncio.to_thread(nils.get, f"/records/{record}")).status == 404

    run(scenario)


ROTA_WRITES = (
    ("POST", "/organizations/{clinic}/shifts"),
    ("POST", "/organizations/{clinic}/shifts/{thing}/cancel"),
    ("POST", "/absences/{thing}/cancel"),
    ("POST", "/people/{person}/deactivate"),
)
ROTA_READS = (
    "/organizations/{clinic}/shifts",
    "/organizations/{clinic}/cover",
    "/absences?person_id={person}",
)
TIMES: dict[str, object] = {"starts": "2027-06-01T08:00", "ends": "2027-06-01T18:00", "time_zone": "UTC"}
BODIES: dict[str, dict[str, object]] = {
    "/organizations/{clinic}/shifts": {"person_id": str(UUID(int=7)), "role": "nurse", "kind": "duty"} | TIMES,
    "/people/{person}/deactivate": {"reason": "x"},
}


def test_the_rota_of_another_organization_is_byte_equal_to_an_absent_one(house: Installation) -> None:
    web = house.web()
    house.execute("INSERT INTO directory_organization (id, name, is_active) VALUES (%s, 'Nordhof', true)", [uuid4()])
    house.execute(
        "UPDATE directory_practitionerrole SET organization_id = (SELECT id FROM directory_organization"
        " WHERE name = 'Nordhof'), code = 'organization-admin' WHERE person_id ="
        " (SELECT id FROM directory_person WHERE name = 'Otto')"
    )
    cora, otto, rosa = (Api.log_in(web.url, name) for name in ("Cora", "Otto", "Rosa"))
    ((clinic, ivan),) = house.rows(
        "SELECT o.id, p.id FROM directory_organization o, directory_person p"
        " WHERE o.name = 'Lindenhof Clinic' AND p.name = 'Ivan'"
    )
    shift = {"person_id": str(ivan), "role": "psychiatrist", "kind": "on-call"} | TIMES
    added = cora.post(f"/organizations/{clinic}/shifts", shift)
    gone = cora.post("/absences", {"person_id": str(ivan)} | TIMES)
    assert (added.status, gone.status) == (201, 201), (added.body, gone.body)

    for who in (otto, rosa):
        for method, path in ROTA_WRITES:
            thing = gone.json["id"] if "absences" in path else added.json["id"]
            body = BODIES.get(path, {})
            foreign = who.call(method, path.format(clinic=clinic, thing=thing, person=ivan), body)
            absent = who.call(method, path.format(clinic=uuid4(), thing=uuid4(), person=uuid4()), body)
            assert foreign.status == 404, (path, foreign.body)
            assert essence(foreign) == essence(absent), path
        for path in ROTA_READS:
            foreign = who.get(path.format(clinic=clinic, person=ivan))
            assert foreign.status == 404, path
            assert essence(foreign) == essence(who.get(path.format(clinic=uuid4(), person=uuid4()))), path
