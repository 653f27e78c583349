"""What the console's forms do: once, with what is wrong said in words, and nothing typed lost."""

from uuid import uuid4

import pytest

from carehub.directory.models import Membership
from carehub.events.models import Delivery, Event
from carehub.messaging.models import Message
from carehub.plans.models import Goal, PlanRevision
from tests.actions.scenarios import flagged, planned
from tests.cast import Cast

from .conftest import Browser

pytestmark = pytest.mark.quick


def message(**changes: object) -> dict[str, object]:
    return {"key": str(uuid4()), "text": "She sleeps.", "priority": "routine"} | changes


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


def test_record_progress_on_a_goal(cast: Cast, browser: Browser) -> None:
    planned(cast)
    goal = Goal.objects.get()
    form = {"key": str(uuid4()), "achievement_status": "improving", "note": "Two good days"}

    answer = browser("nils").post(f"/records/{cast.record.pk}/goals/{goal.pk}/progress", form)

    goal.refresh_from_db()
    assert (answer.status_code, goal.achievement_status) == (302, "improving")
