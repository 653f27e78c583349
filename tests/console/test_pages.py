"""The console's pages: who gets them, what they show, how many queries they cost."""

from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.template.loader import get_template
from django.test import Client
from django.test.utils import CaptureQueriesContext

from carehub.audit.models import Entry
from carehub.console.words import EVENT_TITLES
from carehub.directory.models import Role
from carehub.events.catalogue import CATALOGUE
from carehub.events.models import Event
from carehub.messaging.actions import post_message
from carehub.records.actions import add_team_member
from tests.actions.scenarios import flagged, planned
from tests.cast import PASSWORD, Cast, email, make_person

from .conftest import Browser

pytestmark = pytest.mark.quick

ABSENT = UUID(int=7)


PAGES = (
    "/",
    "/inbox/region/open",
    "/inbox/region/feed",
    "/inbox/region/caseload",
    "/inbox/region/uncommunicated",
    "/uncommunicated",
    "/uncommunicated?record={record}",
    "/reports",
    "/events/{event}/meter",
    "/events/{event}/seen",
    "/records/{record}",
    "/records/{record}/region/header",
    "/records/{record}/region/plan",
    "/records/{record}/region/flags",
    "/records/{record}/region/thread",
    "/records/{record}/region/team",
    "/records/{record}/region/timeline",
    "/records/{record}/plan/revisions/1",
)


@pytest.mark.parametrize("path", PAGES)
def test_cost_the_same_for_a_large_team(cast: Cast, browser: Browser, path: str) -> None:
    revision = planned(cast)
    flagged(cast)
    post_message(by=cast.ivan, record_id=cast.record.pk, text="Hello")
    client = browser("cora")
    address = path.format(record=cast.record.pk, event=revision.event_id)

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(address)
        assert answer.status_code == 200, answer.content
        return len(queries)

    small = cost()
    for i in range(12):
        person = make_person(f"Extra{i}", Role.NURSE, cast.clinic)
        add_team_member(by=cast.cora, record_id=cast.record.pk, person_id=person.pk, role=Role.NURSE)
        post_message(
            by=person, record_id=cast.record.pk, text="Hi", mentioned_roles=["coordinator"], asks_acknowledgement=True
        )
        flagged(cast, severity="low")

    assert cost() == small


def test_of_the_plans_form_cost_the_same_for_a_large_team(cast: Cast, browser: Browser) -> None:
    planned(cast)
    client = browser("maya")

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(f"/records/{cast.record.pk}/plan/revise").status_code == 200
        return len(queries)

    small = cost()
    for i in range(6):
        person = make_person(f"Extra{i}", Role.NURSE, cast.clinic)
        add_team_member(by=cast.cora, record_id=cast.record.pk, person_id=person.pk, role=Role.NURSE)

    assert cost() == small


RECORD_PAGES = (
    "/records/{record}",
    "/records/{record}/region/plan",
    "/records/{record}/plan/revise",
    "/records/{record}/plan/revisions/1",
    "/events/{event}/meter",
    "/events/{event}/seen",
)


@pytest.mark.parametrize("path", RECORD_PAGES)
def test_of_another_team_look_like_absent_ones(cast: Cast, browser: Browser, path: str) -> None:
    revision = planned(cast)
    otto = browser("otto")

    foreign = otto.get(path.format(record=cast.record.pk, event=revision.event_id))
    absent = otto.get(path.format(record=ABSENT, event=ABSENT))

    assert foreign.status_code == absent.status_code == 404
    assert foreign.content == absent.content
    assert Entry.objects.filter(person_id=cast.otto.pk, verb="access.denied").count() == 2


WRITES = (
    "messages",
    "flags",
    f"flags/{ABSENT}/answers",
    f"goals/{ABSENT}/progress",
    "members",
    f"members/{ABSENT}/end",
    "plan/revise",
)
GIVEN: dict[str, object] = {
    "text": "x", "priority": "routine", "system": "s", "code": "c", "display": "d", "severity": "low",
    "changes_plan": "no", "achievement_status": "improving", "who": f"{ABSENT} nurse", "reason": "r",
    "title": "T", "base": "0", "rationale": "R",
}  # fmt: skip


@pytest.mark.parametrize("path", WRITES)
def test_take_no_form_from_another_team(cast: Cast, browser: Browser, path: str) -> None:
    events = Event.objects.count()
    otto = browser("otto")

    foreign = otto.post(f"/records/{cast.record.pk}/{path}", GIVEN | {"key": str(uuid4())})
    absent = otto.post(f"/records/{ABSENT}/{path}", GIVEN | {"key": str(uuid4())})

    assert foreign.status_code == absent.status_code == 404
    assert foreign.content == absent.content
    assert Event.objects.count() == events


def test_need_a_log_in(cast: Cast) -> None:
    stranger = Client()

    answer = stranger.get(f"/records/{cast.record.pk}")
    partial = stranger.get("/inbox/region/open", headers={"HX-Request": "true"})

    assert (answer.status_code, answer["Location"]) == (302, f"/log-in?next=%2Frecords%2F{cast.record.pk}")
    assert (partial.status_code, partial["HX-Redirect"]) == (204, "/log-in?next=%2F")


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", ""])
def test_log_in_and_stay_in_this_installation(cast: Cast, elsewhere: str) -> None:
    given = {"email": email("Maya"), "password": PASSWORD, "next": elsewhere}

    answer = Client().post("/log-in", given)

    assert (answer.status_code, answer["Location"]) == (302, "/")


def test_say_the_same_for_a_wrong_password_and_an_unknown_address(cast: Cast) -> None:
    wrong = Client().post("/log-in", {"email": email("Maya"), "password": "no"})
    unknown = Client().post("/log-in", {"email": "nobody@example.test", "password": "no"})

    assert wrong.status_code == unknown.status_code == 401
    assert b"The e-mail address or the password is wrong." in wrong.content
    assert b"The e-mail address or the password is wrong." in unknown.content


def test_list_the_demos_accounts_only_in_a_demo(cast: Cast, settings: object) -> None:
    assert {row["name"] for row in Client().get("/demo/accounts").json()} >= {"Maya", "Rosa"}
    assert b"Demo: come in as" in Client().get("/log-in").content

    settings.DEMO = False  # type: ignore[attr-defined]

    assert Client().get("/demo/accounts").status_code == 404
    assert b"Demo" not in Client().get("/log-in").content


def test_refuse_a_form_without_its_csrf_token_as_a_page(cast: Cast) -> None:
    answer = Client(enforce_csrf_checks=True).post("/log-in", {"email": "a@b.c", "password": "x"})

    assert answer.status_code == 403
    assert answer["Content-Type"].startswith("text/html")
    assert b"CSRF token missing or wrong" in answer.content


def test_refuse_a_role_that_may_not_with_the_roles_that_may(cast: Cast, browser: Browser) -> None:
    nils = browser("nils")

    page = nils.get(f"/records/{cast.record.pk}")
    answer = nils.get(f"/records/{cast.record.pk}/plan/revise")

    assert b"Write the plan" not in page.content
    assert answer.status_code == 403
    assert b"Who may: therapist, psychiatrist." in answer.content


def test_show_only_what_a_role_may_read(cast: Cast, browser: Browser) -> None:
    planned(cast)
    flagged(cast)
    post_message(by=cast.ivan, record_id=cast.record.pk, text="Between us")

    carl = browser("carl").get(f"/records/{cast.record.pk}").content
    rosa = browser("rosa").get(f"/records/{cast.record.pk}").content

    assert b"Feel better on most days" in rosa
    assert b"Feel better on most days" not in carl
    for page in (carl, rosa):
        assert b"Hypothyroidism" not in page
        assert b"Between us" not in page


def test_go_back_in_the_timeline(cast: Cast, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("carehub.console.views.record.LIMIT", 2)
    planned(cast)
    post_message(by=cast.ivan, record_id=cast.record.pk, text="The newest")
    maya, address = browser("maya"), f"/records/{cast.record.pk}/timeline"

    first = maya.get(address)
    older = maya.get(address, {"before": str(first.context["earlier"])})
    wrong = maya.get(address, {"before": "yesterday"})

    assert b"The newest" in first.content
    assert b"The newest" not in older.content
    assert b"joined as" in older.content
    assert wrong.status_code == 422


@pytest.mark.parametrize("event_type", sorted(CATALOGUE))
def test_have_words_for_every_type_of_event(event_type: str) -> None:
    assert event_type in EVENT_TITLES
    assert get_template(f"console/events/{event_type.replace('.', '_')}.html")


def test_of_what_is_uncommunicated_are_sent_again_only_when_something_moved(cast: Cast, browser: Browser) -> None:
    planned(cast)
    cora = browser("cora")
    first = cora.get("/inbox/region/uncommunicated")
    unless = {"unless": first.context["totals"].stamp}
    lines = Entry.objects.filter(verb="uncommunicated.read").count()

    same = cora.get("/inbox/region/uncommunicated", unless)
    assert (same.status_code, same.content) == (204, b"")
    assert Entry.objects.filter(verb="uncommunicated.read").count() == lines

    post_message(by=cast.maya, record_id=cast.record.pk, text="x", mentioned_roles=["nurse"], asks_acknowledgement=True)
    assert b"Nils" in cora.get("/inbox/region/uncommunicated", unless).content
    assert cora.get("/inbox/region/uncommunicated", {"record": "x"}).status_code == 422


def test_of_reports_are_for_those_who_may(cast: Cast, browser: Browser) -> None:
    planned(cast)

    assert b'href="/reports"' in browser("cora").get("/").content
    assert b'href="/reports"' not in browser("nils").get("/").content
    assert b"Psychiatrist" in browser("cora").get("/reports").content
    assert b"reports are for coordinators, admins" in browser("nils").get("/reports").content
    assert browser("nils").get("/reports", {"organization": str(cast.clinic.pk)}).status_code == 403
    assert browser("cora").get("/reports", {"organization": str(ABSENT)}).status_code == 404
    wrong = browser("cora").get("/reports", {"since": "2026-01-01", "until": "2026-12-31"})
    assert wrong.status_code == 422
    assert b"at most 92 days" in wrong.content
