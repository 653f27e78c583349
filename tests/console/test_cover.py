"""The page of cover: who is there, my absence, and the rota for those who keep it."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from carehub.directory.models import Organization, PractitionerRole, Role
from carehub.records import lookout
from carehub.records.models import Absence, Shift
from tests.cast import Cast, make_person
from tests.records.test_rota import away, elsewhere, local, shift

from .conftest import Browser

pytestmark = pytest.mark.quick


def form(**changes: Any) -> dict[str, Any]:
    return {"key": str(uuid4()), "starts": local(30), "ends": local(40), "time_zone": "UTC"} | changes


def test_shows_who_is_there_who_is_away_and_where_nobody_is(cast: Cast, browser: Browser) -> None:
    shift(cast, "olga", start=-1, end=6, kind="on-call")
    away(cast, "nils", start=-1, end=20)

    page = browser("maya").get("/cover").content.decode()

    assert "Lindenhof Clinic" in page
    assert 'aria-current="page">Cover' in page
    assert "Olga <span" in page
    assert "Nobody covers" in page
    assert "<li>Nurse:" in page
    assert 'class="bar-on-call"' in page
    assert "style=" not in page, "the policy on content refuses inline styles"
    assert "Add a shift" not in page


def test_says_so_when_nothing_is_entered(cast: Cast, browser: Browser) -> None:
    page = browser("cora").get("/cover").content.decode()

    assert "You are not away, and nothing is planned." in page
    assert "No shifts and no absences are entered for these days." in page
    assert "Every role is covered on all of these days." in page
    assert "Add a shift" in page


def test_a_gap_of_a_team_whose_holder_works_elsewhere_is_no_secret(cast: Cast, browser: Browser) -> None:
    PractitionerRole.objects.filter(person=cast.nils).update(
        organization=Organization.objects.create(name="Nordhof"),
    )
    away(cast, "nils", start=1, end=9)
    lookout.look_ahead()

    page = browser("cora").get("/cover").content.decode()

    assert "Nobody covers on a team of this organization" in page
    assert "<li>Nurse:" in page
    assert "Rosa Lind" not in page
    assert "Every role is covered" not in page


def test_an_absence_is_entered_once_and_taken_back(cast: Cast, browser: Browser) -> None:
    ivan, sent = browser("ivan"), form(delegate_id=str(cast.olga.pk))

    answers = [ivan.post("/cover/absences", sent) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [302, 302]
    absence = Absence.objects.get()
    assert (absence.person, absence.delegate) == (cast.ivan, cast.olga)
    assert "Olga is reached in your place" in ivan.get("/cover").content.decode()
    back = ivan.post(f"/cover/absences/{absence.pk}/cancel", {"key": str(uuid4())})
    assert back.status_code == 302
    again = ivan.post(f"/cover/absences/{absence.pk}/cancel", {"key": str(uuid4())})
    assert (again.status_code, "cancelled already" in again.content.decode()) == (409, True)


def test_what_is_wrong_is_said_and_nothing_typed_is_lost(cast: Cast, browser: Browser) -> None:
    answer = browser("ivan").post("/cover/absences", form(time_zone="Berlin", delegate_id=str(cast.olga.pk)))

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Europe/Berlin" in page
    assert f'value="{cast.olga.pk}" selected' in page
    assert not Absence.objects.exists()


def test_a_coordinator_keeps_the_rota_and_nobody_else(cast: Cast, browser: Browser) -> None:
    path, sent = (
        f"/cover/organizations/{cast.clinic.pk}/shifts",
        form(who=f"{cast.olga.pk} psychiatrist", kind="on-call"),
    )

    assert browser("ivan").post(path, sent).status_code == 403
    assert browser("rosa").post(path, sent).status_code == 404
    assert browser("cora").post(path, sent).status_code == 302
    kept = Shift.objects.get()
    assert (kept.person, kept.kind, kept.role) == (cast.olga, "on-call", "psychiatrist")
    overlap = browser("cora").post(path, sent | {"key": str(uuid4())})
    assert (overlap.status_code, "on call in this role already" in overlap.content.decode()) == (422, True)
    cancel = f"/cover/organizations/{cast.clinic.pk}/shifts/{kept.pk}/cancel"
    assert browser("ivan").post(cancel, {"key": str(uuid4())}).status_code == 403
    assert browser("cora").post(cancel, {"key": str(uuid4())}).status_code == 302
    assert Shift.objects.get().cancelled_at is not None


def test_is_nobodys_who_works_nowhere_and_shows_no_other_house(cast: Cast, browser: Browser) -> None:
    elsewhere(cast)
    foreign = "/cover?at=01a00000-0000-7000-8000-000000000000"

    assert browser("rosa").get("/cover").status_code == 404
    assert browser("maya").get(foreign).status_code == 404
    assert ">Cover</a>" not in browser("rosa").get("/").content.decode()
    assert "Zoe" not in browser("cora").get("/cover").content.decode()


def test_costs_the_same_for_a_large_house(cast: Cast, browser: Browser) -> None:
    cora = browser("cora")

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert cora.get("/cover").status_code == 200
        return len(queries)

    shift(cast, start=-1, end=5)
    away(cast, "nils", "paula", start=-1)
    small = cost()
    for i in range(12):
        person = make_person(f"Extra{i}", Role.NURSE, cast.clinic)
        shift(cast, person_id=person.pk, role="nurse", start=-1, end=i + 2)
        away(cast, by=person, person_id=person.pk, to="paula", start=1 + i, end=3 + i)

    assert cost() == small
