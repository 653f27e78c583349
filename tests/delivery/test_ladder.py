"""When each rung falls due, and whom it reaches."""

from datetime import UTC, datetime, timedelta

import pytest

from carehub.access.rules import DEFAULT
from carehub.core.errors import NotAllowed, NotVisible
from carehub.delivery.actions import IncidentIsClosed, ask_again, climb, close_incident
from carehub.delivery.ladder import LADDER, falls_due, next_at
from carehub.delivery.models import Dispatch, Escalation, Incident
from carehub.events.models import Delivery, Event
from tests.actions.scenarios import planned
from tests.cast import Cast

pytestmark = pytest.mark.quick

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

# clinical.md, clocks: rungs in hours after publishing.
EXPECTED = {
    "stat": (5 / 60, 15 / 60, 30 / 60, 40 / 60, 50 / 60, 1),
    "asap": (15 / 60, 2, 4, 4 + 4 / 3, 4 + 8 / 3, 8),
    "urgent": (1, 4, 8, 8 + 16 / 3, 8 + 32 / 3, 24),
    "routine": (24, 36, 72, 104, 136, 168),
}


@pytest.mark.parametrize("priority", EXPECTED)
def test_each_rung_falls_due_at_its_minute(priority: str) -> None:
    clock = DEFAULT.clocks[priority]
    due_at = NOON + clock.acknowledged

    hours = [(falls_due(rung, due_at=due_at, clock=clock) - NOON) / timedelta(hours=1) for rung in LADDER]

    assert hours == pytest.approx(EXPECTED[priority])
    assert hours == sorted(hours)
    assert next_at(LADDER[-1], due_at=due_at, priority=priority, rulebook_id=None) is None


def silent(cast: Cast, name: str, *, rung: int) -> Delivery:
    """A delivery of Rosa's plan whose next rung is due, the others' being far away."""
    revision = planned(cast)
    Delivery.objects.filter(event=revision.event).update(next_rung_at="2099-01-01T00:00:00Z")
    row = Delivery.objects.filter(event=revision.event, person=cast[name])
    row.update(next_rung_at="2020-01-01T00:00:00Z", rung=rung)
    return row.get()


def climb_one(cast: Cast, row: Delivery) -> Escalation | None:
    return climb(record_id=cast.record.pk, person_id=row.person_id, event_id=row.event_id)


@pytest.mark.parametrize(
    ("name", "rung", "reached"),
    [
        ("ivan", 0, "ivan"),
        ("ivan", 1, "ivan"),
        ("ivan", 2, "cora"),
        ("ivan", 3, "cora"),
        ("ivan", 4, "cora"),
        ("cora", 4, "cora"),
    ],
)
def test_a_rung_reaches_the_person_then_a_colleague_then_the_overseer(
    cast: Cast, name: str, rung: int, reached: str
) -> None:
    escalation = climb_one(cast, silent(cast, name, rung=rung))

    assert escalation is not None
    assert (escalation.name, escalation.to_person) == (LADDER[rung].name, cast[reached])
    assert list(Dispatch.objects.values_list("person", flat=True)) == [cast[reached].pk]


def test_past_the_deadline_somebody_in_the_same_role_is_reached_first(cast: Cast) -> None:
    from carehub.directory.models import Role
    from carehub.records.actions import add_team_member

    add_team_member(by=cast.cora, record_id=cast.record.pk, person_id=cast.olga.pk, role=Role.PSYCHIATRIST)

    escalation = climb_one(cast, silent(cast, "ivan", rung=2))

    assert escalation is not None
    assert escalation.to_person == cast.olga


def test_what_has_arrived_needs_no_other_channel(cast: Cast) -> None:
    row = silent(cast, "ivan", rung=0)
    Delivery.objects.filter(event=row.event, person=cast.ivan).update(received_at=row.event.at)

    assert climb_one(cast, row) is None
    assert Delivery.objects.get(event=row.event, person=cast.ivan).rung == 1
    assert not Escalation.objects.exists()


def test_a_rung_that_is_not_due_or_was_answered_is_not_climbed(cast: Cast) -> None:
    row = silent(cast, "ivan", rung=0)
    assert climb_one(cast, row) is not None
    assert climb_one(cast, row) is None, "the next one is not due yet"
    Delivery.objects.filter(event=row.event, person=cast.ivan).update(
        next_rung_at="2020-01-01T00:00:00Z",
        received_at=row.event.at,
        seen_at=row.event.at,
        outcome="acknowledged",
        outcome_at=row.event.at,
    )
    assert climb_one(cast, row) is None


def test_the_last_rung_opens_one_incident_for_an_event_whoever_is_silent(cast: Cast) -> None:
    first = silent(cast, "ivan", rung=5)
    climb_one(cast, first)
    Delivery.objects.filter(event=first.event, person=cast.paula).update(next_rung_at="2020-01-01T00:00:00Z", rung=5)
    climb(record_id=cast.record.pk, person_id=cast.paula.pk, event_id=first.event_id)

    incident = Incident.objects.get()
    assert (incident.event_id, incident.owner, incident.closed_at) == (first.event_id, cast.cora, None)
    assert Event.objects.filter(type="incident.opened").count() == 1
    owed = Delivery.objects.get(event__type="incident.opened", person=cast.cora)
    assert (owed.obligation, owed.ground, owed.next_rung_at) == ("acknowledge", "owner", None)


def opened(cast: Cast) -> Incident:
    climb_one(cast, silent(cast, "ivan", rung=5))
    return Incident.objects.get()


def test_an_open_incident_asks_its_owner_daily_and_the_admins_from_the_second_day_on(cast: Cast) -> None:
    from carehub.directory.models import PractitionerRole

    PractitionerRole.objects.create(person=cast.priya, organization=cast.clinic, code="organization-admin")
    incident = opened(cast)
    asked = Dispatch.objects.filter(incident=incident)
    assert not ask_again(incident_id=incident.pk), "not before a day has passed"

    Incident.objects.update(next_ask_at="2020-01-01T00:00:00Z")
    assert ask_again(incident_id=incident.pk)
    assert [d.person for d in asked.order_by("id")] == [cast.cora, cast.cora]

    Incident.objects.update(next_ask_at="2020-01-01T00:00:00Z")
    assert ask_again(incident_id=incident.pk)
    assert {d.person for d in asked.order_by("id")[2:]} == {cast.cora, cast.priya}


def test_closing_takes_a_reason_and_ends_what_was_open_on_the_event(cast: Cast) -> None:
    incident = opened(cast)

    close_incident(by=cast.cora, incident_id=incident.pk, reason="Ivan is ill; Olga takes over.")

    rows = Delivery.objects.filter(event=incident.event, due_at__isnull=False)
    assert {(r.outcome, r.outcome_reason) for r in rows} == {("withdrawn", "Ivan is ill; Olga takes over.")}
    with pytest.raises(IncidentIsClosed):
        close_incident(by=cast.cora, incident_id=incident.pk, reason="Again")
    Incident.objects.filter(pk=incident.pk)
    assert not ask_again(incident_id=incident.pk)


def test_closing_is_refused_to_who_does_not_oversee_and_hidden_from_strangers(cast: Cast) -> None:
    incident = opened(cast)

    with pytest.raises(NotAllowed):
        close_incident(by=cast.maya, incident_id=incident.pk, reason="x")
    with pytest.raises(NotVisible):
        close_incident(by=cast.dora, incident_id=incident.pk, reason="x")
