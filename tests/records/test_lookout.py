"""A role that nobody covers is told hours before, once, and to whom it concerns."""

import itertools
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from carehub.core.clock import now
from carehub.directory.models import Membership, Organization, Patient, PractitionerRole, Role
from carehub.events.models import Delivery, Event
from carehub.records import coverage, intervals, lookout
from carehub.records.actions import add_team_member, cancel_shift, come_back, open_record
from carehub.records.intervals import Interval
from carehub.records.models import Absence, CoverGap, CoverLook
from tests.actions.scenarios import on_cover
from tests.cast import Cast, make_person
from tests.records.test_rota import away, shift

pytestmark = pytest.mark.quick


def told(cast: Cast) -> list[str]:
    rows = Event.objects.filter(type="cover.missing", record=cast.record).order_by("seq")
    return [row.body["role"] for row in rows]


def test_is_told_to_the_care_manager_who_acknowledges_it(cast: Cast) -> None:
    absence = away(cast, "ivan", start=5, end=30)

    assert lookout.look_ahead() == 1

    event = Event.objects.get(type="cover.missing")
    assert (event.topic, event.is_standing, event.priority, event.author) == (
        "cover:psychiatrist",
        False,
        "urgent",
        None,
    )
    gap = CoverGap.objects.get()
    assert (gap.role, gap.starts_at, gap.ends_at) == ("psychiatrist", absence.starts_at, absence.ends_at)
    rows = {row.person.name: row for row in Delivery.objects.filter(event=event).select_related("person")}
    assert (rows["Cora"].obligation, rows["Cora"].ground) == ("acknowledge", "care_manager")
    assert {name for name, row in rows.items() if row.exclusion == "by role"} == set(rows) - {"Cora"}


def test_is_told_once_however_often_one_looks(cast: Cast) -> None:
    away(cast, "ivan", start=-2, end=30)

    assert [lookout.look_ahead() for _ in range(3)] == [1, 0, 0]


@pytest.mark.parametrize("how", ["later", "delegate", "on call", "colleague", "back", "delegate on the team"])
def test_nothing_is_told_while_somebody_covers(cast: Cast, how: str) -> None:
    start = 9 if how == "later" else 2
    delegates = {"delegate": "olga", "delegate on the team": "nils"}
    absence = away(cast, "ivan", delegates.get(how), start=start, end=8 if how == "on call" else 30)
    if how == "on call":
        shift(cast, "olga", start=1, end=9, kind="on-call")
    if how == "colleague":
        add_team_member(by=cast.cora, record_id=cast.record.pk, person_id=cast.olga.pk, role=Role.PSYCHIATRIST)
    if how == "back":
        come_back(by=cast.ivan, absence_id=absence.pk)

    assert lookout.look_ahead() == 0


@pytest.mark.parametrize("how", ["delegate in another role", "delegate away", "on call away", "on call too short"])
def test_cover_that_is_none_is_told(cast: Cast, how: str) -> None:
    to = {"delegate in another role": "otto", "delegate away": "olga"}.get(how)
    away(cast, "ivan", to, start=2, end=30)
    if how == "delegate away":
        away(cast, "olga", start=6, end=9)
    if how == "on call away":
        shift(cast, "olga", start=1, end=31, kind="on-call")
        away(cast, "olga", start=3, end=9)
    if how == "on call too short":
        shift(cast, "olga", start=1, end=7, kind="on-call")

    lookout.look_ahead()

    assert told(cast) == ["psychiatrist"]


def test_off_duty_is_uncovered_only_for_those_whose_shifts_are_kept(cast: Cast) -> None:
    shift(cast, "ivan", start=-1, end=4)
    shift(cast, "ivan", start=10, end=18)

    lookout.look_ahead()

    gap = CoverGap.objects.get()
    assert gap.role == "psychiatrist"
    assert gap.ends_at is not None
    assert gap.ends_at - gap.starts_at == timedelta(hours=6)


def test_a_holder_who_is_on_call_elsewhere_covers(cast: Cast) -> None:
    other = Organization.objects.create(name="Nordhof")
    PractitionerRole.objects.create(person=cast.ivan, organization=other, code=Role.PSYCHIATRIST)
    PractitionerRole.objects.create(person=cast.cora, organization=other, code=Role.COORDINATOR)
    shift(cast, "ivan", start=-1, end=4)
    shift(cast, "ivan", start=4, end=24, kind="on-call", organization_id=other.pk)

    assert lookout.look_ahead() == 0


def test_a_gap_without_an_end_in_sight_has_none(cast: Cast) -> None:
    away(cast, "ivan", start=2, end=24 * 30)

    lookout.look_ahead()

    assert CoverGap.objects.get().ends_at is None


def test_a_gap_that_was_closed_and_opens_again_is_told_again(cast: Cast) -> None:
    away(cast, "ivan", start=-2, end=30)
    lookout.look_ahead()
    cover = shift(cast, "olga", start=-1, end=20, kind="on-call")

    lookout.look_ahead()
    assert told(cast) == ["psychiatrist"] * 1
    cancel_shift(by=cast.cora, organization_id=cast.clinic.pk, shift_id=cover.pk)
    lookout.look_ahead()

    assert told(cast) == ["psychiatrist"] * 2


def test_the_look_is_claimed_every_half_hour_by_one(cast: Cast) -> None:
    away(cast, "ivan", start=2)

    assert [lookout.keep_cover() for _ in range(2)] == [1, 0]
    due = CoverLook.objects.get().due_at
    assert timedelta(minutes=29) < due - now() <= timedelta(minutes=30)
    assert not lookout.claim()
    CoverLook.objects.update(due_at=now())
    assert lookout.claim()


def test_a_cover_whose_time_is_over_is_ended_by_the_sweeper(cast: Cast) -> None:
    place = on_cover(cast)

    lookout.keep_cover()

    assert Membership.objects.get(pk=place.pk).ended_at is not None
    assert Event.objects.filter(type="membership.ended", body__reason="The cover ended.").exists()


def test_one_record_that_must_wait_does_not_keep_the_others(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    place = on_cover(cast)

    def fail(**_: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("carehub.records.actions.end_cover", fail)
    away(cast, "ivan", start=2)

    assert lookout.keep_cover() == 1
    assert f"record {cast.record.pk} must wait (RuntimeError)" in caplog.text
    assert Membership.objects.get(pk=place.pk).ended_at is None


def test_looking_costs_the_same_for_many_records(cast: Cast) -> None:
    away(cast, "ivan", start=2, end=30)
    lookout.look_ahead()

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert lookout.look_ahead() == 0
        return len(queries)

    small = cost()
    for i in range(10):
        patient = Patient.objects.create(name=f"P{i}", birth_date="1990-01-01", managing_organization=cast.clinic)
        record = open_record(
            by=cast.dora, patient=patient, organization=cast.clinic, role=Role.COORDINATOR, title=f"Record {i}"
        )
        add_team_member(by=cast.dora, record_id=record.pk, person_id=cast.ivan.pk, role=Role.PSYCHIATRIST)
    lookout.look_ahead()

    assert CoverGap.objects.count() == 11
    assert cost() == small <= 10
    assert Absence.objects.count() == 1


def test_many_short_absences_along_a_chain_of_delegates_do_not_multiply(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain = [cast.ivan, *(make_person(f"Chain{n}", Role.PSYCHIATRIST, cast.clinic) for n in range(5))]
    moment, hour = now(), timedelta(hours=1)
    for person, delegate in itertools.pairwise(chain):
        Absence.objects.bulk_create(
            Absence(
                person=person,
                delegate=delegate,
                starts_at=moment + 2 * n * hour,
                ends_at=moment + (2 * n + 1) * hour,
                time_zone="UTC",
            )
            for n in range(1, 7)
        )
    reckoned: list[Any] = []

    def counted(found: Iterable[Interval]) -> list[Interval]:
        reckoned.append(found)
        return intervals.union(found)

    monkeypatch.setattr(coverage, "union", counted)

    assert lookout.look_ahead() == 0, "the last of the chain is there"

    assert len(reckoned) < 100
