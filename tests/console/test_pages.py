"""The console's pages: who gets them, what a form does, how many queries they cost."""

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from carehub.audit.models import Entry
from carehub.directory.models import Membership, Role
from carehub.events.models import Delivery, Event
from carehub.messaging.actions import post_message
from carehub.messaging.models import Message
from carehub.plans.models import Goal, PlanRevision
from carehub.records.actions import add_team_member
from tests.actions.scenarios import flagged, planned
from tests.cast import PASSWORD, Cast, email, make_person

pytestmark = pytest.mark.quick

Browser = Callable[[str], Client]
ABSENT = UUID(int=7)


@pytest.fixture
def browser(cast: Cast) -> Browser:
    def log_in(name: str) -> Client:
        client = Client(raise_request_exception=True)
        client.force_login(cast[name], backend="django.contrib.auth.backends.ModelBackend")
        return client

    return log_in


def message(**changes: object) -> dict[str, object]:
    return {"key": str(uuid4()), "text": "She sleeps.", "priority": "routine"} | changes


PAGES = (
    "/",
    "/inbox/region/open",
    "/inbox/region/feed",
    "/inbox/region/caseload",
    "/inbox/region/uncommunicated",
    "/uncommunicated",
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


def test_do_a_form_that_is_sent_twice_once(cast: Cast, browser: Browser) -> None:
    maya, form = browser("maya"), message()

    first = maya.post(f"/records/{cast.record.pk}/messages", form)
    second = maya.post(f"/records/{cast.record.pk}/messages", form)

    assert first.status_code == second.status_code == 302
    assert Message.objects.count() == 1


def test_refuse_a_key_that_came_with_other_words_and_keep_them(cast: Cast, browser: Browser) -> None:
    maya, form = browser("maya"), message()
    maya.post(f"/records/{cast.record.pk}/messages", form)

    answer = maya.post(f"/records/{cast.record.pk}/messages", form | {"text": "Other words"})

    assert answer.status_code == 422
    assert b"Other words</textarea>" in answer.content
    assert Message.objects.count() == 1


@pytest.mark.parametrize(
    ("path", "given", "sentence"),
    [
        ("messages", {"text": " "}, "The text is missing."),
        ("messages", {"text": "x", "priority": "soon"}, "Priority is not one of the choices."),
        ("messages", {"text": "x" * 8_001}, "The text is longer than 8000 characters."),
        ("messages", {"text": "a\x00b"}, "The character U+0000 is not allowed in text."),
        ("messages", {"text": "x", "asks_acknowledgement": "true"}, "Mention at least one person or role"),
        ("flags", {"display": "D", "code": "c c", "system": "s", "severity": "low"}, "Code is not of the form"),
        ("flags", {"code": "c", "system": "s", "severity": "low"}, "The name of the condition is missing."),
        ("goals/{goal}/progress", {}, "The status is missing."),
        ("goals/{goal}/progress", {"achievement_status": "great"}, "Unknown status."),
    ],
)
def test_say_what_is_wrong_with_a_form(
    cast: Cast, browser: Browser, path: str, given: dict[str, str], sentence: str
) -> None:
    planned(cast)
    events = Event.objects.count()
    address = f"/records/{cast.record.pk}/" + path.format(goal=Goal.objects.get().pk)

    answer = browser("maya").post(address, given | {"key": str(uuid4())})
    partial = browser("maya").post(address, given | {"key": str(uuid4())}, headers={"HX-Request": "true"})

    assert answer.status_code == partial.status_code == 422
    assert sentence in answer.content.decode()
    assert sentence in partial.content.decode()
    assert Event.objects.count() == events


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


def test_acknowledge_without_a_socket(cast: Cast, browser: Browser) -> None:
    revision = planned(cast)
    row = Delivery.objects.get(event=revision.event, person=cast.ivan)

    answer = browser("ivan").post("/acknowledge", {"n": str(row.n)})

    row.refresh_from_db()
    assert answer.status_code == 302
    assert row.outcome == "acknowledged"


def test_answer_a_flag_from_the_inbox(cast: Cast, browser: Browser) -> None:
    flag = flagged(cast)
    given = {"key": str(uuid4()), "from": "inbox", "changes_plan": "yes", "text": "We wait."}

    answer = browser("maya").post(
        f"/records/{cast.record.pk}/flags/{flag.pk}/answers", given, headers={"HX-Request": "true"}
    )

    assert answer.status_code == 200
    assert b"Nothing waits for you" in answer.content
    assert flag.answers.get().changes_plan


def test_add_to_the_team_and_end_a_place(cast: Cast, browser: Browser) -> None:
    cora = browser("cora")
    address = f"/records/{cast.record.pk}/members"

    cora.post(address, {"key": str(uuid4()), "who": f"{cast.olga.pk} psychiatrist"})
    place = Membership.objects.get(record=cast.record, person=cast.olga, ended_at=None)
    own = browser("olga").post(f"{address}/{place.pk}/end", {"key": str(uuid4()), "reason": "Moved", "is_own": "true"})

    place.refresh_from_db()
    assert place.ended_at is not None
    assert (own.status_code, own["Location"]) in [(302, "/"), (302, f"/records/{cast.record.pk}#team")]


def test_add_and_remove_rows_of_the_plan_without_saving(cast: Cast, browser: Browser) -> None:
    maya, address = browser("maya"), f"/records/{cast.record.pk}/plan/revise"
    form = plan_form(title="Typed")

    more = maya.post(address, form | {"add_row": "goal"})
    fewer = maya.post(address, form | {"drop_row": "intervention:0"})

    assert b"Goal 2" in more.content
    assert b'value="Typed"' in more.content
    assert b"Intervention 1" not in fewer.content
    assert not PlanRevision.objects.exists()


def test_save_a_plan_once(cast: Cast, browser: Browser) -> None:
    maya, address, form = browser("maya"), f"/records/{cast.record.pk}/plan/revise", plan_form()

    first, second = maya.post(address, form), maya.post(address, form)

    assert first.status_code == second.status_code == 302
    assert PlanRevision.objects.get().definition["goals"][0]["target"]["value"] == 9.0


@pytest.mark.parametrize(
    ("given", "control", "sentence"),
    [
        ({"goal_value": "nine"}, "goal-0-value", "“nine” is not a number."),
        ({"goal_value": "inf"}, "goal-0-value", "“inf” is not a number."),
        ({"goal_unit": ""}, "goal-0-unit", "needs a measure, a value and a unit, or none of them."),
        ({"goal_due_on": "soon"}, "goal-0-due_on", "“soon” is not a date"),
        ({"title": ""}, "title", "The plan needs a title."),
        ({"rationale": ""}, "rationale", "Say why the plan changes"),
        ({"planned_appointments": "0"}, "planned_appointments", "Planned appointments are 1 to 1,000."),
        ({"intervention_frequency": ""}, "intervention-0-frequency", "Intervention 1 needs a frequency."),
    ],
)
def test_point_at_what_is_wrong_in_a_plan(
    cast: Cast, browser: Browser, given: dict[str, str], control: str, sentence: str
) -> None:
    answer = browser("maya").post(f"/records/{cast.record.pk}/plan/revise", plan_form() | given)

    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert f'href="#{control}"' in answer.content.decode()
    assert not PlanRevision.objects.exists()


def test_keep_a_plan_that_was_overtaken(cast: Cast, browser: Browser) -> None:
    planned(cast)

    answer = browser("ivan").post(f"/records/{cast.record.pk}/plan/revise", plan_form(title="Ivan's"))

    assert answer.status_code == 412
    assert b"The plan was revised while you were writing" in answer.content
    assert b'value="Ivan&#x27;s"' in answer.content
    assert b'name="base" value="1"' in answer.content


def plan_form(**changes: str) -> dict[str, str]:
    """A first plan as the form sends it."""
    form = {
        "key": str(uuid4()),
        "base": "0",
        "title": "Activation",
        "goal_id": "",
        "goal_text": "Feel better",
        "goal_measure": "PHQ-9 total",
        "goal_comparator": "<=",
        "goal_value": "9",
        "goal_unit": "points",
        "goal_due_on": "2027-03-01",
        "intervention_id": "",
        "intervention_text": "Sessions",
        "intervention_modality": "CBT",
        "intervention_frequency": "weekly",
        "intervention_provider_id": "",
        "expectation": "Better in spring",
        "planned_appointments": "16",
        "review_on": "2027-01-15",
        "rationale": "First plan",
    }
    return form | changes
