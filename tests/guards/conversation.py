"""A sequence of valid calls that exercises every operation of the API, in an order in which each can succeed."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from tests.cast import PASSWORD, PLAN, email
from tests.clients import Answer, Api
from tests.servers import Installation

FLAG = {
    "coding": {"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "E03.9", "display": "Hypothyroidism"},
    "severity": "high",
    "note": "TSH 14 mU/l",
    "question": "Does this change your plan?",
    "asked_roles": ["therapist"],
}


@dataclass
class Said:
    """One call and what was answered; `operation` is the operationId."""

    operation: str
    answer: Answer
    body: Any = None
    sent: dict[str, str] = field(default_factory=dict)


@dataclass
class Conversation:
    """Those of the cast who speak, on Rosa's record."""

    url: str
    record: UUID
    others: dict[str, UUID]
    people: dict[str, Api] = field(default_factory=dict)

    def person(self, name: str) -> Api:
        """One of the cast, logged in once."""
        if name not in self.people:
            self.people[name] = Api.log_in(self.url, name)
        return self.people[name]

    def get(self, operation: str, who: str, path: str) -> Said:
        """A read."""
        return Said(operation, self.person(who).get(path))

    def send(self, operation: str, who: str, method: str, path: str, body: Any = None, **headers: str) -> Said:
        """A write."""
        return Said(operation, self.person(who).call(method, path, body, raw=None, **headers), body, headers)


def conversation(house: Installation, url: str) -> Iterator[Said]:
    """Every operation once or more."""
    people: dict[str, UUID] = dict(house.rows("SELECT name, id FROM directory_person"))
    talk = Conversation(url, house.record_id(), people)
    yield from _accounts(talk)
    yield from _plan(talk)
    yield from _flags(talk)
    yield from _messages(talk)
    yield from _inbox(talk)
    yield from _records(talk)
    yield from _rules(talk, house)
    yield from _rota(talk, house)
    yield from _incidents(talk, house)
    yield from _gateways(talk, house)
    yield talk.send("deleteCurrentToken", "Maya", "DELETE", "/tokens/current")


def _accounts(talk: Conversation) -> Iterator[Said]:
    body = {"email": email("Maya"), "password": PASSWORD}
    yield Said("logIn", Api(talk.url).post("/tokens", body), body)
    yield talk.send("postTickets", "Maya", "POST", "/tickets")
    yield talk.get("getMe", "Maya", "/me")


def _plan(talk: Conversation) -> Iterator[Said]:
    plan = f"/records/{talk.record}/plan"
    yield talk.get("getCurrentPlan", "Maya", plan)
    definition = {**PLAN, "interventions": [{**PLAN["interventions"][0], "provider_id": str(talk.others["Maya"])}]}
    first = {"definition": definition, "rationale": "Agreed in the first session"}
    revised = talk.send("revisePlan", "Maya", "POST", f"{plan}/revisions", first, If_Match='"0"')
    yield revised
    yield talk.get("getCurrentPlan", "Nils", plan)
    yield talk.get("getRevisions", "Maya", f"{plan}/revisions?limit=1")
    yield talk.get("getRevision", "Maya", f"{plan}/revisions/1")
    goal = revised.answer.json["definition"]["goals"][0]["id"]
    body = {"achievement_status": "improving", "note": "Walks daily"}
    yield talk.send("progressGoal", "Nils", "PATCH", f"{plan}/goals/{goal}", body)
    event = revised.answer.json["event_id"]
    yield talk.get("getEventDeliveries", "Maya", f"/events/{event}/deliveries")


def _flags(talk: Conversation) -> Iterator[Said]:
    flags = f"/records/{talk.record}/flags"
    raised = talk.send("raiseFlag", "Paula", "POST", flags, FLAG)
    yield raised
    flag = f"{flags}/{raised.answer.json['id']}"
    yield talk.get("getOpenObligations", "Maya", "/inbox/open?limit=1")
    yield talk.send("answerFlag", "Maya", "POST", f"{flag}/answers", {"changes_plan": True, "text": "We go slower."})
    yield talk.get("getFlags", "Cora", flags)
    yield talk.get("getOneFlag", "Ivan", flag)


def _messages(talk: Conversation) -> Iterator[Said]:
    messages = f"/records/{talk.record}/messages"
    body = {"text": "Please look at the TSH.", "mentioned_roles": ["nurse"], "asks_acknowledgement": True}
    yield talk.send("postMessage", "Maya", "POST", messages, body)
    yield talk.get("getMessages", "Nils", f"{messages}?limit=1")


def _inbox(talk: Conversation) -> Iterator[Said]:
    inbox = talk.get("getInbox", "Ivan", "/inbox?limit=200")
    yield inbox
    numbers = [row["n"] for row in inbox.answer.json["results"]]
    body = {"received": max(numbers), "seen": numbers, "acknowledge": numbers[-1:]}
    yield talk.send("postReceipts", "Ivan", "POST", "/inbox/receipts", body)
    yield talk.get("getUncommunicated", "Cora", "/uncommunicated?limit=2")
    yield talk.get("getTimesReport", "Cora", "/reports/times")
    yield talk.get("getInterruptionsReport", "Cora", "/reports/interruptions")


def _rules(talk: Conversation, house: Installation) -> Iterator[Said]:
    ((clinic,),) = house.rows("SELECT id FROM directory_organization")
    house.execute(
        "INSERT INTO directory_practitionerrole (id, person_id, organization_id, code, specialty, started_at)"
        " VALUES (gen_random_uuid(), %s, %s, 'organization-admin', '', carehub_now())",
        [talk.others["Priya"], clinic],
    )
    address = f"/organizations/{clinic}/rules"
    read = talk.get("getOrganizationRules", "Maya", address)
    yield read
    rules = {**read.answer.json["rules"], "name": "lindenhof-1"}
    body = {"rules": rules, "reason": "Named, so that it is ours"}
    yield talk.send("adoptRules", "Priya", "POST", address, body, If_Match='"0"')
    yield talk.get("getRulesVersions", "Maya", f"{address}/versions?limit=1")


def _incidents(talk: Conversation, house: Installation) -> Iterator[Said]:
    house.advance(timedelta(days=8))
    house.sweep_once()
    talk.people.clear()  # their tokens have expired meanwhile
    found = talk.get("getIncidents", "Cora", "/incidents?open=true&limit=1")
    yield found
    incident = found.answer.json["results"][0]["id"]
    yield talk.send("closeIncident", "Cora", "POST", f"/incidents/{incident}/close", {"reason": "Spoken to by phone"})


def _gateways(talk: Conversation, house: Installation) -> Iterator[Said]:
    ((clinic,),) = house.rows("SELECT id FROM directory_organization")
    at = f"/organizations/{clinic}/gateways"
    body = {"name": "Pagers", "url": "https://93.184.215.14/notices"}
    opened = talk.send("openGateway", "Priya", "POST", at, body)
    yield opened
    gateway = opened.answer.json["gateway"]["id"]
    point = {"gateway_id": gateway, "value": "+4930123456"}
    added = talk.send("addContactPoint", "Priya", "POST", "/contact-points", point)
    yield added
    yield talk.get("getContactPoints", "Priya", "/contact-points")
    yield talk.send("postGatewayTest", "Priya", "POST", f"{at}/{gateway}/test")
    yield talk.send("postGatewayRotate", "Priya", "POST", f"{at}/{gateway}/rotate")
    yield talk.get("getGateways", "Priya", f"{at}?limit=1")
    yield talk.send("postContactPointRemove", "Priya", "POST", f"/contact-points/{added.answer.json['id']}/remove")
    yield talk.send("postGatewayClose", "Priya", "POST", f"{at}/{gateway}/close")
    hours = {"time_zone": "Europe/Berlin", "quiet_from": "22:00", "quiet_until": "06:30", "digest_at": "07:15"}
    yield talk.send("setPreferences", "Priya", "POST", "/preferences", hours)
    yield talk.get("getMyPreferences", "Priya", "/preferences")


def _rota(talk: Conversation, house: Installation) -> Iterator[Said]:
    ((clinic, today),) = house.rows("SELECT id, carehub_now()::date FROM directory_organization")
    day, next_day = today + timedelta(days=1), today + timedelta(days=2)
    rota = f"/organizations/{clinic}"
    times = {"starts": f"{day}T20:00", "ends": f"{next_day}T08:00", "time_zone": "UTC"}
    olga = {"person_id": str(talk.others["Olga"]), "role": "psychiatrist", "kind": "on-call"}
    added = talk.send("addShift", "Cora", "POST", f"{rota}/shifts", olga | times)
    yield added
    yield talk.get("getShifts", "Maya", f"{rota}/shifts?role=psychiatrist&limit=1")
    yield talk.get("getOrganizationCover", "Maya", f"{rota}/cover?at={day}T21:00:00Z")
    shift = f"{rota}/shifts/{added.answer.json['id']}"
    yield talk.send("cancelShift", "Cora", "POST", f"{shift}/cancel", {})
    gone = talk.send("goAway", "Ivan", "POST", "/absences", times | {"delegate_id": str(talk.others["Olga"])})
    yield gone
    yield talk.get("getAbsences", "Ivan", "/absences?limit=1")
    yield talk.send("comeBack", "Ivan", "POST", f"/absences/{gone.answer.json['id']}/cancel", {})
    otto = f"/people/{talk.others['Otto']}"
    yield talk.send("deactivatePerson", "Priya", "POST", f"{otto}/deactivate", {"reason": "Has left the clinic"})


def _records(talk: Conversation) -> Iterator[Said]:
    yield talk.get("getRecords", "Maya", "/records?limit=1")
    record = f"/records/{talk.record}"
    yield talk.get("getRecord", "Maya", record)
    body = {"person_id": str(talk.others["Olga"]), "role": "psychiatrist", "purpose": "Covers"}
    joined = talk.send("addMember", "Cora", "POST", f"{record}/members", body)
    yield joined
    place = joined.answer.json["id"]
    yield talk.send("endMembership", "Cora", "POST", f"{record}/members/{place}/end", {"reason": "Covered enough"})
    yield talk.get("getRecordTimeline", "Maya", f"{record}/timeline")
