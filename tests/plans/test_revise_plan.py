from datetime import date
from uuid import uuid4

import msgspec
import pytest

from carehub.core.errors import InvalidInput, NotAllowed, NotVisible
from carehub.events.models import Delivery, Event
from carehub.plans.actions import PlanWasRevised, current_definition, progress_goal, revise_plan
from carehub.plans.definition import PlanDefinition
from carehub.plans.models import Goal, Plan, PlanRevision
from tests.actions.scenarios import definition, planned
from tests.cast import PLAN, Cast

pytestmark = pytest.mark.quick


def current(cast: Cast) -> PlanDefinition:
    return current_definition(Plan.objects.get(record=cast.record))


def test_keeps_the_identity_of_goals_and_says_in_words_what_changed(cast: Cast) -> None:
    planned(cast)
    before = current(cast)
    goal = msgspec.structs.replace(before.goals[0], due_on=date(2027, 4, 1))
    weekly = msgspec.structs.replace(before.interventions[0], frequency="twice a week", modality="ERP")

    revision = revise_plan(
        by=cast.ivan,
        record_id=cast.record.pk,
        base=1,
        definition=msgspec.structs.replace(before, goals=(goal,), interventions=(weekly,)),
        rationale="Rituals take three hours a day",
    )

    assert revision.changes == [
        "Due date of “Feel better on most days”: 2027-04-01 (was 2027-03-01)",
        "Modality of “Individual sessions”: ERP (was CBT)",
        "Frequency of “Individual sessions”: twice a week (was weekly)",
    ]
    assert revision.is_material
    assert Goal.objects.count() == 1
    assert PlanRevision.objects.get(number=1).definition["goals"][0]["due_on"] == "2027-03-01"


def test_that_changes_only_words_asks_nobody_to_acknowledge(cast: Cast) -> None:
    planned(cast)

    revision = revise_plan(
        by=cast.maya,
        record_id=cast.record.pk,
        base=1,
        definition=msgspec.structs.replace(current(cast), title="Activation, week by week"),
        rationale="Clearer title",
    )

    obligations = Delivery.objects.filter(event=revision.event, n__isnull=False).values_list("obligation", flat=True)
    assert not revision.is_material
    assert set(obligations) == {"none", "inform"}


def test_is_refused_on_a_stale_base_and_names_the_current_one(cast: Cast) -> None:
    planned(cast)

    with pytest.raises(PlanWasRevised) as refused:
        revise_plan(by=cast.ivan, record_id=cast.record.pk, base=0, definition=definition(), rationale="x")

    assert refused.value.status == 412
    assert refused.value.extra == {"current_revision": 1, "current_etag": '"1"'}


def test_is_refused_to_a_role_without_the_capability_and_says_who_may(cast: Cast) -> None:
    with pytest.raises(NotAllowed, match=r"As nurse .* may not revise the treatment plan. Who may: .*therapist"):
        revise_plan(by=cast.nils, record_id=cast.record.pk, base=0, definition=definition(), rationale="x")


def test_is_refused_to_someone_off_the_team_as_if_there_were_no_record(cast: Cast) -> None:
    with pytest.raises(NotVisible):
        revise_plan(by=cast.otto, record_id=cast.record.pk, base=0, definition=definition(), rationale="x")


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"goals": [{"text": "x", "id": str(uuid4())}]}, "/definition/goals/0/id"),
        (
            {"interventions": [{"text": "x", "modality": "CBT", "frequency": "weekly", "provider_id": str(uuid4())}]},
            "/definition/interventions/0/provider_id",
        ),
    ],
)
def test_is_refused_with_a_pointer_and_leaves_nothing_behind(
    cast: Cast, changes: dict[str, object], pointer: str
) -> None:
    events = Event.objects.count()

    with pytest.raises(InvalidInput) as refused:
        revise_plan(by=cast.maya, record_id=cast.record.pk, base=0, definition=definition(**changes), rationale="x")

    assert refused.value.pointer == pointer
    assert Event.objects.count() == events
    assert not Plan.objects.filter(record=cast.record).exists()


def test_is_refused_when_nothing_differs(cast: Cast) -> None:
    planned(cast)

    with pytest.raises(InvalidInput, match="Nothing differs"):
        revise_plan(by=cast.maya, record_id=cast.record.pk, base=1, definition=current(cast), rationale="x")


def test_supersedes_the_older_version_and_hands_on_its_earlier_deadline(cast: Cast) -> None:
    first = planned(cast)
    older = Delivery.objects.get(event=first.event, person=cast.ivan)
    Delivery.objects.filter(event=first.event, person=cast.ivan).update(due_at="2026-01-01T00:00:00Z")

    second = revise_plan(
        by=cast.maya,
        record_id=cast.record.pk,
        base=1,
        definition=msgspec.structs.replace(current(cast), goals=()),
        rationale="Goal withdrawn",
    )

    older.refresh_from_db()
    newer = Delivery.objects.get(event=second.event, person=cast.ivan)
    assert older.outcome == "superseded"
    assert newer.due_at is not None
    assert newer.due_at.isoformat() == "2026-01-01T00:00:00+00:00"
    assert newer.outcome is None


def test_that_asks_less_does_not_end_the_wait_for_the_older_version(cast: Cast) -> None:
    first = planned(cast)

    revise_plan(
        by=cast.maya,
        record_id=cast.record.pk,
        base=1,
        definition=msgspec.structs.replace(current(cast), title=PLAN["title"] + " (weekly)"),
        rationale="Title",
    )

    assert Delivery.objects.get(event=first.event, person=cast.ivan).outcome is None


def test_progress_on_a_goal_of_another_record_is_not_visible(cast: Cast) -> None:
    planned(cast)
    goal = Goal.objects.get()

    with pytest.raises(NotVisible):
        progress_goal(by=cast.otto, record_id=cast.other_record.pk, goal_id=goal.pk, achievement_status="achieved")


def test_progress_names_the_statuses_that_are_allowed(cast: Cast) -> None:
    planned(cast)

    with pytest.raises(InvalidInput, match="Statuses: in-progress, improving") as refused:
        progress_goal(
            by=cast.nils, record_id=cast.record.pk, goal_id=Goal.objects.get().pk, achievement_status="splendid"
        )

    assert refused.value.pointer == "/achievement_status"
