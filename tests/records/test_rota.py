"""Shifts and absences: who may keep them, what is refused and with which words."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from carehub.audit.models import Entry
from carehub.core.clock import now
from carehub.core.errors import Conflict, InvalidInput, NotAllowed, NotVisible
from carehub.directory.models import Organization, PractitionerRole, Role
from carehub.records import rota
from carehub.records.actions import add_shift, cancel_shift, come_back, go_away
from carehub.records.models import Absence, Shift
from tests.cast import Cast, make_person

pytestmark = pytest.mark.quick


def local(hours: float) -> str:
    """So many hours from now, as a local time of UTC."""
    return (now() + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M")


def shift(cast: Cast, name: str = "ivan", start: float = 1, end: float = 9, **changes: Any) -> Shift:
    given: dict[str, Any] = {
        "by": cast.cora,
        "organization_id": cast.clinic.pk,
        "person_id": cast[name].pk,
        "role": "psychiatrist",
        "kind": "duty",
        "starts": local(start),
        "ends": local(end),
        "time_zone": "UTC",
    }
    return add_shift(**given | changes)


def away(
    cast: Cast, name: str = "ivan", to: str | None = None, start: float = 1, end: float = 48, **changes: Any
) -> Absence:
    given: dict[str, Any] = {
        "by": cast[name],
        "person_id": cast[name].pk,
        "starts": local(start),
        "ends": local(end),
        "time_zone": "UTC",
        "delegate_id": cast[to].pk if to else None,
    }
    return go_away(**given | changes)


def elsewhere(cast: Cast) -> Any:
    """Somebody who works at another organization."""
    return make_person("Zoe", Role.PSYCHIATRIST, Organization.objects.create(name="Nordhof"))


@pytest.mark.parametrize(
    ("changes", "pointer", "says"),
    [
        ({"starts": "2027-06-02T08:00", "ends": "2027-06-01T08:00"}, "/ends", "after the beginning"),
        ({"starts": "2027-06-01T08:00", "ends": "2027-06-09T08:00"}, "/ends", "at most 7 days"),
        ({"starts": "2020-06-01T08:00", "ends": "2020-06-01T18:00"}, "/ends", "over already"),
        ({"starts": "2099-06-01T08:00", "ends": "2099-06-01T18:00"}, "/starts", "two years ahead"),
        ({"kind": "nights"}, "/kind", "duty, on-call"),
        ({"role": "nurse"}, "/role", "Held: psychiatrist"),
        ({"person_id": UUID(int=7)}, "/person_id", "Nobody with this id works"),
        ({"time_zone": "Berlin"}, "/time_zone", "Europe/Berlin"),
    ],
)
def test_a_shift_that_cannot_be_is_refused(cast: Cast, changes: dict[str, Any], pointer: str, says: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        shift(cast, **changes)

    assert (refused.value.pointer, says in refused.value.detail) == (pointer, True), refused.value.detail
    assert not Shift.objects.exists()


def test_an_overlapping_shift_is_refused_and_names_the_one_in_the_way(cast: Cast) -> None:
    first = shift(cast, start=1, end=9)

    with pytest.raises(InvalidInput) as refused:
        shift(cast, start=8, end=16)

    assert (refused.value.pointer, refused.value.extra["shift_id"]) == ("/starts", str(first.pk))
    assert "on duty in this role already" in refused.value.detail
    shift(cast, start=9, end=16)
    shift(cast, start=1, end=9, kind="on-call")
    cancel_shift(by=cast.cora, organization_id=cast.clinic.pk, shift_id=first.pk)
    shift(cast, start=1, end=9)


def test_the_database_refuses_overlaps_by_itself(cast: Cast) -> None:
    first = shift(cast)
    absence = away(cast)
    first.pk, absence.pk = uuid4(), uuid4()

    with pytest.raises(IntegrityError, match="shifts_of_one_kind_do_not_overlap"), transaction.atomic():
        first.save(force_insert=True)
    with pytest.raises(IntegrityError, match="absences_do_not_overlap"), transaction.atomic():
        absence.save(force_insert=True)


def test_the_rota_is_kept_by_who_may_and_hidden_from_strangers(cast: Cast) -> None:
    kept = shift(cast)
    stranger = elsewhere(cast)

    for by, error in ((cast.ivan, NotAllowed), (stranger, NotVisible), (cast.rosa, NotVisible)):
        with pytest.raises(error):
            shift(cast, by=by, start=20, end=22)
        with pytest.raises(error):
            cancel_shift(by=by, organization_id=cast.clinic.pk, shift_id=kept.pk)
    with pytest.raises(NotVisible):
        rota.cover_at(by=stranger, organization_id=cast.clinic.pk)
    with pytest.raises(NotVisible):
        rota.cover_at(by=stranger, organization_id=uuid4())
    with pytest.raises(NotVisible):
        rota.shifts(by=cast.rosa, organization_id=cast.clinic.pk)
    assert rota.shifts(by=cast.ivan, organization_id=cast.clinic.pk) == [kept]


def test_each_change_leaves_a_line_of_the_trail(cast: Cast) -> None:
    kept, absence = shift(cast), away(cast, start=60, end=80)
    cancel_shift(by=cast.cora, organization_id=cast.clinic.pk, shift_id=kept.pk)
    come_back(by=cast.ivan, absence_id=absence.pk)

    lines = Entry.objects.filter(object_id__in=[kept.pk, absence.pk]).order_by("id")
    assert list(lines.values_list("verb", flat=True)) == ["shift.add", "absence.add", "shift.cancel", "absence.cancel"]


def test_what_is_over_or_cancelled_is_not_cancelled_again(cast: Cast) -> None:
    kept = shift(cast)
    cancel_shift(by=cast.cora, organization_id=cast.clinic.pk, shift_id=kept.pk)
    over = away(cast)
    Absence.objects.filter(pk=over.pk).update(starts_at="2020-01-01T00:00Z", ends_at="2020-01-02T00:00Z")

    with pytest.raises(Conflict, match="cancelled already"):
        cancel_shift(by=cast.cora, organization_id=cast.clinic.pk, shift_id=kept.pk)
    with pytest.raises(Conflict, match="is over"):
        come_back(by=cast.ivan, absence_id=over.pk)


@pytest.mark.parametrize(
    ("changes", "pointer", "says"),
    [
        ({"starts": "2020-06-01T08:00", "ends": "2020-06-05T08:00"}, "/ends", "over already"),
        ({"starts": "2027-06-05T08:00", "ends": "2027-06-01T08:00"}, "/ends", "after the beginning"),
        ({"starts": "2027-06-05T08:00", "ends": "2028-06-30T08:00"}, "/ends", "at most 366 days"),
        ({"to": "ivan"}, "/delegate_id", "own delegate"),
        ({"to": "rosa"}, "/delegate_id", "must work at an organization"),
        ({"delegate_id": UUID(int=7)}, "/delegate_id", "must work at an organization"),
    ],
)
def test_an_absence_that_cannot_be_is_refused(cast: Cast, changes: dict[str, Any], pointer: str, says: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        away(cast, **changes)

    assert (refused.value.pointer, says in refused.value.detail) == (pointer, True), refused.value.detail
    assert not Absence.objects.exists()


def test_a_delegate_of_another_organization_is_refused(cast: Cast) -> None:
    with pytest.raises(InvalidInput) as refused:
        away(cast, delegate_id=elsewhere(cast).pk)

    assert refused.value.pointer == "/delegate_id"


def test_delegation_in_a_circle_is_refused_as_far_as_the_times_overlap(cast: Cast) -> None:
    away(cast, "ivan", "olga", start=1, end=48)
    away(cast, "olga", "otto", start=24, end=72)

    with pytest.raises(InvalidInput, match="in a circle") as refused:
        away(cast, "otto", "ivan", start=40, end=50)
    assert refused.value.pointer == "/delegate_id"
    away(cast, "otto", "ivan", start=48, end=72)
    with pytest.raises(InvalidInput, match="in a circle"):
        away(cast, "ivan", "olga", start=50, end=60)


def test_a_circle_is_found_however_a_delegate_is_reached(cast: Cast) -> None:
    away(cast, "olga", "otto", start=1, end=10)
    away(cast, "olga", "maya", start=20, end=30)
    away(cast, "maya", "ivan", start=25, end=30)

    with pytest.raises(InvalidInput, match="in a circle"):
        away(cast, "ivan", "olga", start=1, end=48)


def test_two_absences_of_one_person_do_not_overlap(cast: Cast) -> None:
    first = away(cast)

    with pytest.raises(InvalidInput) as refused:
        away(cast, start=2, end=4)

    assert refused.value.extra["absence_id"] == str(first.pk)


def test_absences_of_others_are_kept_by_a_coordinator_of_the_same_organization(cast: Cast) -> None:
    kept = away(cast, by=cast.cora)

    assert come_back(by=cast.cora, absence_id=kept.pk).cancelled_at is not None
    with pytest.raises(NotAllowed):
        away(cast, by=cast.maya)
    with pytest.raises(NotVisible):
        away(cast, by=elsewhere(cast))
    with pytest.raises(NotAllowed):
        go_away(by=cast.rosa, person_id=cast.rosa.pk, starts=local(1), ends=local(2), time_zone="UTC")
    assert rota.absences(by=cast.cora, person_id=cast.ivan.pk) == []
    with pytest.raises(NotAllowed):
        rota.absences(by=cast.maya, person_id=cast.ivan.pk)
    stranger = make_person("Zed", Role.NURSE, Organization.objects.create(name="Westhof"))
    for id in (kept.pk, uuid4()):
        with pytest.raises(NotVisible):
            rota.get_absence(by=stranger, absence_id=id)
        with pytest.raises(NotVisible):
            come_back(by=stranger, absence_id=id)


def test_a_delegate_who_is_away_alone_is_said(cast: Cast) -> None:
    away(cast, "olga", start=10, end=20)
    alone, fine = away(cast, "ivan", "olga", start=1, end=12), away(cast, "ivan", "olga", start=20, end=30)

    assert rota.also_away([alone, fine]) == {alone.pk}


def test_a_night_over_the_change_of_clocks_lasts_an_hour_less_or_more(cast: Cast) -> None:
    year = now().year + 1
    spring = max(day for day in range(25, 32) if datetime(year, 3, day, tzinfo=UTC).weekday() == 6)
    autumn = max(day for day in range(25, 32) if datetime(year, 10, day, tzinfo=UTC).weekday() == 6)

    for month, day, hours in ((3, spring, 11), (10, autumn, 13)):
        night = shift(
            cast,
            starts=f"{year}-{month:02}-{day - 1:02}T20:00",
            ends=f"{year}-{month:02}-{day:02}T08:00",
            time_zone="Europe/Berlin",
        )
        assert night.ends_at - night.starts_at == timedelta(hours=hours)


def test_cover_says_who_is_there_and_where_nobody_is(cast: Cast) -> None:
    shift(cast, "ivan", start=-2, end=4)
    shift(cast, "olga", start=-2, end=6, kind="on-call")
    away(cast, "nils", "paula", start=-1, end=5)

    found = rota.cover_at(by=cast.maya, organization_id=cast.clinic.pk)

    by_role = {row.role: row for row in found.roles}
    assert [p.person for p in by_role[Role.PSYCHIATRIST].on_duty] == [cast.ivan]
    assert [p.person for p in by_role[Role.PSYCHIATRIST].on_call] == [cast.olga]
    assert [(a.person, a.delegate) for a in by_role[Role.NURSE].away] == [(cast.nils, cast.paula)]
    (nurse,) = found.gaps
    assert (nurse[0], nurse[1][0]) == (Role.NURSE, found.at), (
        "Paula is no nurse; Olga, for whom no duty is kept, is there"
    )


def test_reading_costs_the_same_for_a_large_house(cast: Cast) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            rota.cover_at(by=cast.maya, organization_id=cast.clinic.pk)
            rota.shifts(by=cast.maya, organization_id=cast.clinic.pk)
        return len(queries)

    shift(cast, start=-1, end=5)
    away(cast, "nils", "paula", start=-1)
    small = cost()
    for i in range(12):
        person = make_person(f"Extra{i}", Role.NURSE, cast.clinic)
        PractitionerRole.objects.create(person=person, organization=cast.clinic, code=Role.PSYCHIATRIST)
        shift(cast, person_id=person.pk, start=-1, end=i + 2)
        away(cast, by=person, person_id=person.pk, to="paula", start=1 + i, end=3 + i)

    assert cost() == small <= 13


def test_the_rota_is_read_page_by_page(cast: Cast) -> None:
    kept = [shift(cast, start=start, end=start + 1) for start in (1, 2, 3)]

    first = rota.shifts(by=cast.maya, organization_id=cast.clinic.pk, limit=2)
    rest = rota.shifts(by=cast.maya, organization_id=cast.clinic.pk, after=first[-1].pk, limit=2)

    assert [*first, *rest] == kept
    with pytest.raises(InvalidInput):
        rota.shifts(by=cast.maya, organization_id=cast.clinic.pk, after=uuid4())


def test_a_person_has_no_more_absences_than_somebody_can_look_at(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("carehub.records.actions.cover.ABSENCES_AT_MOST", 2)
    kept = [away(cast, start=1, end=2), away(cast, start=3, end=4)]

    with pytest.raises(Conflict, match="2 absences"):
        away(cast, start=5, end=6)
    come_back(by=cast.ivan, absence_id=kept[0].pk)
    away(cast, start=5, end=6)
