"""Whom a rung reaches: chosen when it falls due, by the team, the rota and the absences of that moment."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from carehub.audit.models import Entry
from carehub.core.clock import now
from carehub.core.errors import NotVisible
from carehub.delivery import verify
from carehub.delivery.actions import climb, climb_due
from carehub.delivery.models import Dispatch, Escalation
from carehub.delivery.queries import inbox
from carehub.delivery.receipts import mark
from carehub.directory.models import Membership, Organization, PractitionerRole, Role
from carehub.events.models import Delivery, Event
from carehub.records.actions import add_team_member, cancel_shift, come_back, end_cover, end_membership
from carehub.records.queries import open_one
from tests.actions.scenarios import flagged, on_cover
from tests.cast import Cast, make_person
from tests.records.test_rota import away, shift

pytestmark = pytest.mark.quick


def silent(cast: Cast, name: str, *, rung: int, severity: str = "high") -> Delivery:
    """Who was asked by a flag, with the next rung due."""
    flag = flagged(cast, severity=severity)
    Delivery.objects.filter(event=flag.event).update(next_rung_at="2099-01-01T00:00:00Z")
    row = Delivery.objects.filter(event=flag.event, person=cast[name])
    row.update(next_rung_at="2020-01-01T00:00:00Z", rung=rung)
    return row.get()


def reached(cast: Cast, name: str, *, rung: int, severity: str = "high") -> list[str]:
    row = silent(cast, name, rung=rung, severity=severity)
    escalation = climb(record_id=cast.record.pk, person_id=row.person_id, event_id=row.event_id)
    assert escalation is not None
    names = Dispatch.objects.filter(escalation=escalation).order_by("id").values_list("person__name", flat=True)
    assert not names or escalation.to_person is not None
    return list(names)


def place(cast: Cast, name: str) -> Membership:
    return Membership.objects.get(record=cast.record, person=cast[name], ended_at=None)


def join(cast: Cast, name: str, role: Role) -> None:
    add_team_member(by=cast.cora, record_id=cast.record.pk, person_id=cast[name].pk, role=role)


@pytest.mark.parametrize("rung", [0, 1])
def test_a_reminder_goes_to_the_delegate_of_who_is_away(cast: Cast, rung: int) -> None:
    away(cast, "ivan", "nils", start=-1)

    assert reached(cast, "ivan", rung=rung) == ["Nils"]
    told = Delivery.objects.get(event__type="obligation.escalated", n__isnull=False)
    assert told.person == cast.nils
    found = {finding.invariant.name: finding.broken for finding in verify.look()}
    assert found["escalation-was-told"] == 0


def test_a_stat_reminder_reaches_both(cast: Cast) -> None:
    away(cast, "ivan", "nils", start=-1)

    assert reached(cast, "ivan", rung=1, severity="critical") == ["Ivan", "Nils"]


def test_delegates_are_followed_to_the_one_who_is_there(cast: Cast) -> None:
    away(cast, "ivan", "olga", start=-1, end=20)
    away(cast, "olga", "nils", start=-1, end=20)

    assert reached(cast, "ivan", rung=1) == ["Nils"]


@pytest.mark.parametrize(("start", "end"), [(2, 20), (-20, -1)])
def test_an_absence_counts_only_while_it_lasts(cast: Cast, start: float, end: float) -> None:
    absence = away(cast, "ivan", "nils", start=1, end=30)
    if end < 0:
        come_back(by=cast.ivan, absence_id=absence.pk)

    assert reached(cast, "ivan", rung=1) == ["Ivan"]


def test_away_without_a_delegate_reminds_himself(cast: Cast) -> None:
    away(cast, "ivan", start=-1)

    assert reached(cast, "ivan", rung=1) == ["Ivan"]


def test_a_delegate_from_outside_gets_a_place_that_ends_with_the_absence(cast: Cast) -> None:
    absence = away(cast, "ivan", "olga", start=-1, end=20)

    assert reached(cast, "ivan", rung=1) == ["Olga"]

    olga = place(cast, "olga")
    assert (olga.role, olga.purpose, olga.covers_until) == ("psychiatrist", "Covers for Ivan", absence.ends_at)
    trail = Entry.objects.get(verb="member.cover")
    assert (trail.object_id, trail.record_id, trail.person_id) == (absence.pk, cast.record.pk, cast.olga.pk)
    flag = Delivery.objects.get(person=cast.olga, event__type="flag.raised")
    assert (flag.obligation, flag.ground, flag.due_at, flag.next_rung_at) == ("inform", "covering", None, None)
    started = Event.objects.get(type="membership.started", body__person_name="Olga", record=cast.record)
    assert Delivery.objects.filter(event=started, person=cast.cora, n__isnull=False).exists()


def test_a_delegate_who_does_not_work_in_that_role_is_no_candidate(cast: Cast) -> None:
    away(cast, "ivan", "otto", start=-1)

    assert reached(cast, "ivan", rung=1) == ["Ivan"]
    assert not Membership.objects.filter(record=cast.record, person=cast.otto).exists()


def test_the_record_is_never_shown_to_a_delegate_of_another_organization(cast: Cast) -> None:
    north = Organization.objects.create(name="Nordhof")
    PractitionerRole.objects.create(person=cast.ivan, organization=north, code=Role.PSYCHIATRIST)
    zoe = make_person("Zoe", Role.PSYCHIATRIST, north)
    away(cast, "ivan", start=-1, delegate_id=zoe.pk)

    assert reached(cast, "ivan", rung=1) == ["Ivan"]
    with pytest.raises(NotVisible):
        open_one(by=zoe, record_id=cast.record.pk)


def test_past_the_deadline_a_colleague_on_duty_comes_before_one_who_is_not(cast: Cast) -> None:
    quiet = make_person("Abel", Role.PSYCHIATRIST, cast.clinic)
    add_team_member(by=cast.cora, record_id=cast.record.pk, person_id=quiet.pk, role=Role.PSYCHIATRIST)
    join(cast, "olga", Role.PSYCHIATRIST)
    shift(cast, "olga", start=-1)

    assert reached(cast, "ivan", rung=2) == ["Olga"]


def test_a_colleague_who_is_away_is_passed_over(cast: Cast) -> None:
    join(cast, "olga", Role.PSYCHIATRIST)
    away(cast, "olga", start=-1)

    assert reached(cast, "ivan", rung=2) == ["Cora"]


def test_still_silent_reaches_who_is_on_call_next_door_until_the_shift_ends(cast: Cast) -> None:
    duty = shift(cast, "olga", start=-1, end=6, kind="on-call")

    assert reached(cast, "ivan", rung=3) == ["Olga"]

    assert (place(cast, "olga").purpose, place(cast, "olga").covers_until) == ("On call", duty.ends_at)
    assert open_one(by=cast.olga, record_id=cast.record.pk).my_roles == [Role.PSYCHIATRIST]


@pytest.mark.parametrize("how", ["later", "away", "other role", "other house", "himself"])
def test_who_is_not_on_call_for_this_is_not_reached(cast: Cast, how: str) -> None:
    if how == "later":
        shift(cast, "olga", start=1, kind="on-call")
    if how == "away":
        shift(cast, "olga", start=-1, kind="on-call")
        away(cast, "olga", start=-1)
    if how == "other role":
        shift(cast, "otto", start=-1, kind="on-call", role="therapist")
    if how == "other house":
        north = Organization.objects.create(name="Nordhof")
        PractitionerRole.objects.create(person=cast.olga, organization=north, code=Role.PSYCHIATRIST)
        PractitionerRole.objects.create(person=cast.cora, organization=north, code=Role.COORDINATOR)
        shift(cast, "olga", start=-1, kind="on-call", organization_id=north.pk)
    if how == "himself":
        shift(cast, "ivan", start=-1, kind="on-call")

    assert reached(cast, "ivan", rung=3) == ["Cora"]
    assert not Membership.objects.filter(record=cast.record, person__in=[cast.olga, cast.otto]).exists()


def test_without_anybody_on_call_a_colleague_is_reached_once(cast: Cast) -> None:
    join(cast, "olga", Role.PSYCHIATRIST)
    row = silent(cast, "ivan", rung=2)

    for expected in ("Olga", "Cora"):
        escalation = climb(record_id=cast.record.pk, person_id=row.person_id, event_id=row.event_id)
        assert escalation is not None
        assert escalation.to_person is not None
        assert escalation.to_person.name == expected
        Delivery.objects.filter(pk=row.pk).update(next_rung_at="2020-01-01T00:00:00Z")


@pytest.mark.parametrize(
    ("delegate", "expected"),
    [("dora", "Dora"), ("nils", "Cora"), (None, "Cora")],
)
def test_an_overseer_who_is_away_is_replaced_by_one_who_oversees_too(
    cast: Cast, delegate: str | None, expected: str
) -> None:
    if delegate == "dora":
        join(cast, "dora", Role.COORDINATOR)
    away(cast, "cora", delegate, start=-1)

    assert reached(cast, "ivan", rung=4) == [expected]


def test_the_patient_never_covers_the_own_record(cast: Cast) -> None:
    PractitionerRole.objects.create(person=cast.rosa, organization=cast.clinic, code=Role.PSYCHIATRIST)
    shift(cast, "rosa", start=-1, kind="on-call")

    assert reached(cast, "ivan", rung=3) == ["Cora"]


def test_a_relative_of_once_never_covers(cast: Cast) -> None:
    carl = place(cast, "carl")
    end_membership(by=cast.cora, record_id=cast.record.pk, membership_id=carl.pk, reason="Moved")
    PractitionerRole.objects.create(person=cast.carl, organization=cast.clinic, code=Role.PSYCHIATRIST)
    shift(cast, "carl", start=-1, kind="on-call")

    assert reached(cast, "ivan", rung=3) == ["Cora"]


def test_what_a_relative_owes_reaches_no_other_relative(cast: Cast) -> None:
    anna = make_person("Anna", Role.CAREGIVER, cast.clinic)
    add_team_member(by=cast.cora, record_id=cast.record.pk, person_id=anna.pk, role=Role.CAREGIVER)
    owed = Delivery.objects.filter(person=cast.carl, event__body__person_name="Anna", n__isnull=False)
    owed.update(obligation="acknowledge", due_at="2020-01-01T00:00:00Z", next_rung_at="2020-01-01T00:00:00Z", rung=2)

    escalation = climb(record_id=cast.record.pk, person_id=cast.carl.pk, event_id=owed.get().event_id)

    assert escalation is not None
    assert escalation.to_person == cast.cora


def test_everybody_who_covers_is_given_a_place_under_one_lock_of_inboxes(cast: Cast) -> None:
    otto = shift(cast, "otto", start=-1, kind="on-call", role="therapist")
    shift(cast, "olga", start=-1, kind="on-call")
    flag = flagged(cast)
    owed = Delivery.objects.filter(event=flag.event, obligation="answer")
    Delivery.objects.exclude(pk__in=owed.values("pk")).update(next_rung_at=None)
    owed.update(next_rung_at="2020-01-01T00:00:00Z", rung=3)

    with CaptureQueriesContext(connection) as queries:
        climb_due(record_id=cast.record.pk)

    assert (place(cast, "otto").covers_id, place(cast, "olga").purpose) == (otto.pk, "On call")
    said = [query["sql"] for query in queries]
    locks = [n for n, sql in enumerate(said) if "INSERT INTO events_inbox" in sql]
    people = [n for n, sql in enumerate(said) if 'FROM "directory_person"' in sql and "FOR NO KEY UPDATE" in sql]
    assert max(people) < min(locks), "everybody is held before the first inbox"


def cover(cast: Cast) -> Membership:
    shift(cast, "olga", start=-1, end=6, kind="on-call")
    reached(cast, "ivan", rung=3)
    return place(cast, "olga")


def test_what_comes_while_one_covers_is_owed_and_handed_over_when_the_cover_ends(cast: Cast) -> None:
    olga = cover(cast)
    new = flagged(cast)
    assert Delivery.objects.get(event=new.event, person=cast.olga).obligation == "answer"
    assert not end_cover(membership_id=olga.pk), "not before its time"

    Membership.objects.filter(pk=olga.pk).update(covers_until=now())
    assert end_cover(membership_id=olga.pk)

    assert Delivery.objects.get(event=new.event, person=cast.olga).outcome == "handed_over"
    assert Delivery.objects.get(event=new.event, person=cast.cora).obligation == "answer"
    with pytest.raises(NotVisible):
        open_one(by=cast.olga, record_id=cast.record.pk)
    assert not end_cover(membership_id=olga.pk)


def test_cancelling_the_shift_ends_the_cover(cast: Cast) -> None:
    olga = cover(cast)
    assert olga.covers_id is not None

    cancel_shift(by=cast.cora, organization_id=cast.clinic.pk, shift_id=olga.covers_id)

    assert end_cover(membership_id=olga.pk)


def test_who_covers_again_is_asked_nothing_a_second_time(cast: Cast) -> None:
    olga = cover(cast)
    Membership.objects.filter(pk=olga.pk).update(covers_until=now())
    end_cover(membership_id=olga.pk)

    assert reached(cast, "ivan", rung=3) == ["Olga"]

    numbers = Delivery.objects.filter(person=cast.olga, n__isnull=False).order_by("n").values_list("n", flat=True)
    assert list(numbers) == list(range(1, len(numbers) + 1))
    flags = Delivery.objects.filter(person=cast.olga, event__type="flag.raised")
    assert set(flags.values_list("obligation", "due_at")) == {("inform", None)}
    assert Escalation.objects.count() == 2


def test_cover_whose_time_is_over_gives_no_right_even_while_no_sweeper_ends_it(cast: Cast) -> None:
    on_cover(cast, until="2099-01-01T00:00:00Z")
    flag = flagged(cast)
    assert open_one(by=cast.olga, record_id=cast.record.pk)
    assert mark(person_id=cast.olga.pk, seen=[Delivery.objects.get(event=flag.event, person=cast.olga).n or 0])

    Membership.objects.filter(person=cast.olga, record=cast.record).update(covers_until="2020-01-01T00:00:00Z")

    with pytest.raises(NotVisible):
        open_one(by=cast.olga, record_id=cast.record.pk)
    with pytest.raises(NotVisible):
        add_team_member(by=cast.olga, record_id=cast.record.pk, person_id=cast.otto.pk, role=Role.THERAPIST)
    shown = {entry.record_id for entry in inbox(by=cast.olga, after=None, limit=200).entries if entry.frame}
    assert cast.record.pk not in shown
