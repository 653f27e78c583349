"""The number of queries of a request does not grow with the team, the inbox or the thread."""

import json
from collections.abc import Callable
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from carehub.directory.models import Role
from carehub.messaging.actions import post_message
from carehub.plans.models import Goal
from carehub.records.actions import add_team_member
from tests.actions.scenarios import flagged, planned
from tests.cast import PLAN, Cast, make_person

pytestmark = pytest.mark.quick


def grow(cast: Cast) -> None:
    """Twelve more members, as many messages, flags and open obligations."""
    for i in range(12):
        person = make_person(f"Extra{i}", Role.NURSE, cast.clinic)
        add_team_member(by=cast.cora, record_id=cast.record.pk, person_id=person.pk, role=Role.NURSE)
        post_message(
            by=person,
            record_id=cast.record.pk,
            text="Hello",
            mentioned_roles=["therapist"],
            asks_acknowledgement=True,
        )
        flagged(cast, severity="low")


@pytest.fixture
def browser(cast: Cast) -> Callable[[str], Client]:
    def log_in(name: str) -> Client:
        client = Client(raise_request_exception=True)
        client.force_login(cast[name], backend="django.contrib.auth.backends.ModelBackend")
        return client

    return log_in


def counted(client: Client, method: str, path: str, body: object, **headers: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        answer = client.generic(
            method,
            f"/api/v1{path}",
            data=json.dumps(body) if body is not None else "",
            content_type="application/json",
            headers={"Idempotency-Key": str(uuid4())} | headers,
        )
    assert answer.status_code in (200, 201), answer.content
    return len(queries)


READS = (
    "/records",
    "/records/{record}",
    "/records/{record}/timeline",
    "/records/{record}/plan",
    "/records/{record}/plan/revisions",
    "/records/{record}/flags",
    "/records/{record}/messages",
    "/inbox?limit=200",
    "/inbox/open",
    "/events/{event}/deliveries",
    "/uncommunicated",
    "/uncommunicated?record={record}&priority=asap",
    "/reports/times",
    "/reports/interruptions",
    "/me",
)


@pytest.mark.parametrize("path", READS)
def test_of_a_read(cast: Cast, browser: Callable[[str], Client], path: str) -> None:
    revision = planned(cast)
    flagged(cast)
    address = path.format(record=cast.record.pk, event=revision.event_id)
    client = browser("cora")
    small = counted(client, "GET", address, None)

    grow(cast)

    assert counted(client, "GET", address, None) == small
    assert small <= 13


def test_of_a_write(cast: Cast, browser: Callable[[str], Client]) -> None:
    planned(cast)
    post_message(by=cast.maya, record_id=cast.record.pk, text="The first makes the thread.")
    goal = Goal.objects.get().pk
    maya, record = browser("maya"), cast.record.pk
    definition = PLAN | {"title": "A"}
    coding = {"system": "s", "code": "c", "display": "d"}

    def writes(turn: str) -> list[int]:
        plan = maya.get(f"/api/v1/records/{record}/plan")
        again = definition | {"title": turn, "goals": plan.json()["definition"]["goals"]}
        return [
            counted(maya, "POST", f"/records/{record}/messages", {"text": turn}),
            counted(maya, "POST", f"/records/{record}/flags", {"coding": coding, "severity": "high"}),
            counted(
                maya,
                "POST",
                f"/records/{record}/plan/revisions",
                {"definition": again, "rationale": turn},
                **{"If-Match": plan.headers["ETag"]},
            ),
            counted(
                maya,
                "PATCH",
                f"/records/{record}/plan/goals/{goal}",
                {"achievement_status": "improving" if turn == "one" else "achieved"},
            ),
        ]

    small = writes("one")
    grow(cast)

    assert writes("two") == small
