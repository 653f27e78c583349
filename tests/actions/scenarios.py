"""One scenario for each action that changes care: what it stores, who is told with which obligation, who is not.

A guard fails when an action has no scenario here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from carehub.conditions.actions import answer_flag, raise_flag
from carehub.conditions.models import Flag
from carehub.core.ids import new_id
from carehub.delivery.actions import climb, climb_due, close_incident
from carehub.delivery.models import Incident
from carehub.directory.models import CareRecord, Membership, Patient, PractitionerRole, Role
from carehub.events.catalogue import Coding
from carehub.events.models import Delivery
from carehub.messaging.actions import post_message
from carehub.plans.actions import progress_goal, revise_plan
from carehub.plans.definition import PlanDefinition
from carehub.plans.models import Goal, PlanRevision
from carehub.records.actions import (
    Cover,
    add_team_member,
    deactivate_person,
    end_cover,
    end_membership,
    make_places,
    open_record,
    report_missing_cover,
)
from tests.cast import PLAN, Cast

HYPOTHYROIDISM = Coding(system="http://hl7.org/fhir/sid/icd-10-cm", code="E03.9", display="Hypothyroidism, unspecified")


@dataclass(frozen=True)
class Told:
    """What one person's row must say."""

    obligation: str
    ground: str
    within: timedelta | None = None


@dataclass(frozen=True)
class Scenario:
    """Run the action; its newest event has this type, priority, body and audience."""

    action: Callable[..., Any]
    run: Callable[[Cast], Any]
    type: str
    priority: str
    body: dict[str, Any]
    told: dict[str, Told]
    excluded: frozenset[str]


def definition(**changes: Any) -> PlanDefinition:
    """The first plan of the tests, or a variation."""
    return msgspec.convert(PLAN | changes, type=PlanDefinition, strict=False)


def planned(cast: Cast) -> PlanRevision:
    """Rosa's first plan, by Maya."""
    return revise_plan(by=cast.maya, record_id=cast.record.pk, base=0, definition=definition(), rationale="First plan")


def flagged(cast: Cast, **changes: Any) -> Flag:
    """Paula flags hypothyroidism and asks the therapist and the psychiatrist."""
    given: dict[str, Any] = {
        "coding": HYPOTHYROIDISM,
        "severity": "high",
        "note": "TSH 14 mU/l",
        "question": "Does this change your plan?",
        "asked_roles": ["therapist", "psychiatrist"],
    }
    return raise_flag(by=cast.paula, record_id=cast.record.pk, **given | changes)


def _open(cast: Cast) -> None:
    patient = Patient.objects.create(name="Nele", birth_date="1990-01-01", managing_organization=cast.clinic)
    open_record(by=cast.otto, patient=patient, organization=cast.clinic, role=Role.THERAPIST, title="Grief")


def _join(cast: Cast) -> None:
    add_team_member(
        by=cast.cora, record_id=cast.record.pk, person_id=cast.olga.pk, role=Role.PSYCHIATRIST, purpose="Covers"
    )


def _leave(cast: Cast) -> None:
    nurse = Membership.objects.get(record=cast.record, person=cast.nils)
    end_membership(by=cast.cora, record_id=cast.record.pk, membership_id=nurse.pk, reason="Changed wards")


def _progress(cast: Cast) -> None:
    planned(cast)
    goal = Goal.objects.get()
    progress_goal(by=cast.nils, record_id=cast.record.pk, goal_id=goal.pk, achievement_status="improving")


def _answer(cast: Cast) -> None:
    flag = flagged(cast)
    answer_flag(by=cast.maya, record_id=cast.record.pk, flag_id=flag.pk, changes_plan=True, text="We go slower.")


def _post(cast: Cast) -> None:
    post_message(
        by=cast.maya,
        record_id=cast.record.pk,
        text="Please look at the TSH.",
        priority="urgent",
        mentioned_ids=[cast.nils.pk],
        mentioned_roles=["psychiatrist"],
        asks_acknowledgement=True,
    )


def _climb(cast: Cast) -> None:
    revision = planned(cast)
    rows = Delivery.objects.filter(event=revision.event, person=cast.ivan)
    rows.update(next_rung_at="2020-01-01T00:00:00Z", rung=2)
    assert climb(record_id=cast.record.pk, person_id=cast.ivan.pk, event_id=revision.event_id) is not None


def _climb_due(cast: Cast) -> None:
    revision = planned(cast)
    rows = Delivery.objects.filter(event=revision.event, person=cast.ivan)
    rows.update(next_rung_at="2020-01-01T00:00:00Z", rung=3)
    climbed = climb_due(record_id=cast.record.pk)
    assert climbed is not None
    assert len(climbed.escalations) == 1


def _close_incident(cast: Cast) -> None:
    opened_incident(cast)
    close_incident(by=cast.cora, incident_id=Incident.objects.get().pk, reason="Olga takes over.")


def opened_incident(cast: Cast) -> None:
    """Ivan's silence on Rosa's plan has climbed the last rung."""
    revision = planned(cast)
    rows = Delivery.objects.filter(event=revision.event, person=cast.ivan)
    rows.update(next_rung_at="2020-01-01T00:00:00Z", rung=5)
    climb(record_id=cast.record.pk, person_id=cast.ivan.pk, event_id=revision.event_id)


def on_cover(cast: Cast, until: str = "2020-01-01T00:00:00Z") -> Membership:
    """Olga has a place on Rosa's team as cover; its time is over."""
    record = CareRecord.objects.lock(cast.record.pk)
    shift = new_id()
    make_places(record, [Cover(cast.olga.pk, Role.PSYCHIATRIST, "On call", datetime.fromisoformat(until), shift)])
    return Membership.objects.get(covers_id=shift)


def _end_cover(cast: Cast) -> None:
    assert end_cover(membership_id=on_cover(cast).pk)


def _deactivate(cast: Cast) -> None:
    PractitionerRole.objects.create(person=cast.dora, organization=cast.clinic, code=Role.ORGANIZATION_ADMIN)
    deactivate_person(by=cast.dora, person_id=cast.nils.pk, reason="Has left the clinic")


def _miss(cast: Cast) -> None:
    starts_at = datetime(2026, 3, 1, 18, tzinfo=UTC)
    assert report_missing_cover(record_id=cast.record.pk, role="psychiatrist", starts_at=starts_at, ends_at=None)


URGENT, ASAP = timedelta(hours=8), timedelta(hours=4)
INFORMED = Told("inform", "role")
BY_ROLE = frozenset({"Carl", "Rosa"})

SCENARIOS: tuple[Scenario, ...] = (
    Scenario(
        open_record,
        _open,
        "record.opened",
        "routine",
        {"title": "Grief"},
        {"Otto": Told("none", "author")},
        frozenset(),
    ),
    Scenario(
        add_team_member,
        _join,
        "membership.started",
        "routine",
        {"person_name": "Olga", "role": "psychiatrist", "purpose": "Covers"},
        dict.fromkeys(("Maya", "Ivan", "Paula", "Nils", "Carl", "Rosa", "Olga"), INFORMED)
        | {"Cora": Told("none", "author")},
        frozenset(),
    ),
    Scenario(
        end_membership,
        _leave,
        "membership.ended",
        "urgent",
        {"person_name": "Nils", "reason": "Changed wards"},
        dict.fromkeys(("Maya", "Ivan", "Paula", "Carl", "Rosa"), INFORMED)
        | {"Cora": Told("none", "author"), "Nils": Told("inform", "leaver")},
        frozenset(),
    ),
    Scenario(
        revise_plan,
        planned,
        "plan.revised",
        "urgent",
        {"revision": 1, "title": PLAN["title"], "is_material": True, "rationale": "First plan"},
        {
            "Maya": Told("none", "author"),
            "Ivan": Told("acknowledge", "role", URGENT),
            "Paula": Told("acknowledge", "role", URGENT),
            "Cora": Told("acknowledge", "care_manager", URGENT),
            "Nils": INFORMED,
            "Rosa": INFORMED,
        },
        frozenset({"Carl"}),
    ),
    Scenario(
        progress_goal,
        _progress,
        "goal.progressed",
        "routine",
        {"was": "in-progress", "now": "improving", "text": PLAN["goals"][0]["text"]},
        dict.fromkeys(("Maya", "Ivan", "Paula", "Cora", "Rosa"), INFORMED) | {"Nils": Told("none", "author")},
        frozenset({"Carl"}),
    ),
    Scenario(
        raise_flag,
        flagged,
        "flag.raised",
        "asap",
        {"severity": "high", "asked_roles": ["therapist", "psychiatrist"], "note": "TSH 14 mU/l"},
        {
            "Paula": Told("none", "author"),
            "Maya": Told("answer", "asked", ASAP),
            "Ivan": Told("answer", "asked", ASAP),
            "Nils": Told("acknowledge", "role", ASAP),
            "Cora": INFORMED,
        },
        BY_ROLE,
    ),
    Scenario(
        answer_flag,
        _answer,
        "flag.answered",
        "urgent",
        {"roles": ["therapist"], "changes_plan": True, "text": "We go slower."},
        {
            "Maya": Told("none", "author"),
            "Paula": Told("acknowledge", "raiser", URGENT),
            "Ivan": INFORMED,
            "Nils": INFORMED,
            "Cora": INFORMED,
        },
        BY_ROLE,
    ),
    Scenario(
        post_message,
        _post,
        "message.posted",
        "urgent",
        {"text": "Please look at the TSH.", "asks_acknowledgement": True},
        {
            "Maya": Told("none", "author"),
            "Nils": Told("acknowledge", "mentioned", URGENT),
            "Ivan": Told("acknowledge", "mentioned", URGENT),
            "Paula": INFORMED,
            "Cora": INFORMED,
        },
        BY_ROLE,
    ),
    Scenario(
        climb,
        _climb,
        "obligation.escalated",
        "urgent",
        {"person_name": "Ivan", "rung": "cover", "about_type": "plan.revised"},
        {"Cora": INFORMED},
        frozenset({"Maya", "Ivan", "Paula", "Nils", "Carl", "Rosa"}),
    ),
    Scenario(
        climb_due,
        _climb_due,
        "obligation.escalated",
        "urgent",
        {"person_name": "Ivan", "rung": "on-call", "about_type": "plan.revised"},
        {"Cora": INFORMED},
        frozenset({"Maya", "Ivan", "Paula", "Nils", "Carl", "Rosa"}),
    ),
    Scenario(
        climb,
        opened_incident,
        "incident.opened",
        "asap",
        {"owner_name": "Cora", "about_type": "plan.revised"},
        {"Cora": Told("acknowledge", "owner", ASAP)},
        frozenset({"Maya", "Ivan", "Paula", "Nils", "Carl", "Rosa"}),
    ),
    Scenario(
        close_incident,
        _close_incident,
        "incident.closed",
        "urgent",
        {"reason": "Olga takes over."},
        {"Cora": Told("none", "author")},
        frozenset({"Maya", "Ivan", "Paula", "Nils", "Carl", "Rosa"}),
    ),
    Scenario(
        end_cover,
        _end_cover,
        "membership.ended",
        "urgent",
        {"person_name": "Olga", "role": "psychiatrist", "reason": "The cover ended."},
        dict.fromkeys(("Maya", "Ivan", "Paula", "Nils", "Carl", "Rosa"), INFORMED)
        | {"Cora": Told("acknowledge", "care_manager", URGENT), "Olga": Told("inform", "leaver")},
        frozenset(),
    ),
    Scenario(
        deactivate_person,
        _deactivate,
        "membership.ended",
        "urgent",
        {"person_name": "Nils", "reason": "Has left the clinic"},
        dict.fromkeys(("Maya", "Ivan", "Paula", "Carl", "Rosa"), INFORMED)
        | {"Cora": Told("acknowledge", "care_manager", URGENT), "Nils": Told("inform", "leaver")},
        frozenset(),
    ),
    Scenario(
        report_missing_cover,
        _miss,
        "cover.missing",
        "urgent",
        {"role": "psychiatrist", "ends_at": None},
        {"Cora": Told("acknowledge", "care_manager", URGENT)},
        frozenset({"Maya", "Ivan", "Paula", "Nils", "Carl", "Rosa"}),
    ),
)
