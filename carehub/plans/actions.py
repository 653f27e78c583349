"""Change a plan: a new revision, or progress on one of its goals."""

from collections.abc import Collection
from uuid import UUID

import msgspec
from django.db import transaction

from carehub.access.audience import audience, team
from carehub.access.capabilities import Capability
from carehub.access.policy import lock_to_change
from carehub.audit import trail
from carehub.core.errors import InvalidInput, NotVisible, Stale
from carehub.core.ids import new_id
from carehub.directory.models import CareRecord, Person
from carehub.events.catalogue import GoalProgressed, PlanRevised
from carehub.events.publish import publish

from .definition import EMPTY, PlanDefinition, compare
from .models import Goal, Intervention, Plan, PlanRevision


class PlanWasRevised(Stale):
    """Somebody revised the plan after it was read; carries the current revision and its ETag."""

    code = "plan-was-revised"

    def __init__(self, current: int) -> None:
        super().__init__(
            f"The plan was revised since you read it; it is now at revision {current}. Read it and try again.",
            current_revision=current,
            current_etag=f'"{current}"',
        )
        self.headers["ETag"] = f'"{current}"'


@transaction.atomic
def revise_plan(*, by: Person, record_id: UUID, base: int, definition: PlanDefinition, rationale: str) -> PlanRevision:
    """Make a new revision on top of revision `base` (0: there is no plan yet) and tell the team what changed.

    Raises NotVisible, NotAllowed, PlanWasRevised when `base` is not current, InvalidInput with a pointer for ids
    of another plan, a provider who is not on the team, an id used twice, or a definition equal to the current one.
    """
    record = lock_to_change(by, Capability.PLAN_REVISE, record_id)
    plan = Plan.objects.filter(record=record, status__in=[Plan.Status.ACTIVE, Plan.Status.ON_HOLD]).first()
    current = plan.revision if plan else 0
    if base != current:
        raise PlanWasRevised(current)
    old = current_definition(plan)
    _refuse_foreign_parts(record, old, definition)
    changes = compare(old, definition)
    if not changes:
        raise InvalidInput("Nothing differs from the current revision.", pointer="/definition")

    if plan is None:
        plan = Plan.objects.create(record=record, revision=1)
    else:
        plan.revision += 1
        plan.save(update_fields=["revision"])
    definition = _with_ids(plan, definition)
    event_id = new_id()
    revision = PlanRevision.objects.create(
        plan=plan,
        number=plan.revision,
        event_id=event_id,
        author=by,
        rationale=rationale,
        changes=[change.words for change in changes],
        is_material=any(change.is_material for change in changes),
        definition=msgspec.to_builtins(definition),
    )
    trail.wrote("plan.revise", by=by.pk, record_id=record.pk, patient_id=record.patient_id, on=revision.pk)
    fact = PlanRevised(
        plan_id=plan.pk,
        revision=revision.number,
        title=definition.title,
        rationale=rationale,
        changes=revision.changes,
        is_material=revision.is_material,
        provider_ids=sorted({i.provider_id for i in definition.interventions if i.provider_id}),
    )
    publish(fact, id=event_id, to=audience(record, fact, by=by.pk))
    return revision


@transaction.atomic
def progress_goal(*, by: Person, record_id: UUID, goal_id: UUID, achievement_status: str, note: str = "") -> Goal:
    """Record where a goal stands and tell the team.

    Raises NotVisible (also for a goal of another record), NotAllowed, InvalidInput for an unknown or unchanged status.
    """
    record = lock_to_change(by, Capability.GOAL_PROGRESS, record_id)
    goal = Goal.objects.select_related("plan").filter(pk=goal_id, plan__record=record).first()
    if goal is None:
        raise NotVisible()
    if achievement_status not in Goal.Achievement.values:
        raise InvalidInput(
            f"Unknown status. Statuses: {', '.join(Goal.Achievement.values)}.", pointer="/achievement_status"
        )
    if achievement_status == goal.achievement_status:
        raise InvalidInput(f"The goal is {achievement_status} already.", pointer="/achievement_status")
    was, goal.achievement_status = goal.achievement_status, achievement_status
    goal.save(update_fields=["achievement_status"])
    trail.wrote("goal.progress", by=by.pk, record_id=record.pk, patient_id=record.patient_id, on=goal.pk)
    text = next((g.text for g in current_definition(goal.plan).goals if g.id == goal.pk), "")
    fact = GoalProgressed(goal_id=goal.pk, text=text, was=was, now=achievement_status, note=note)
    publish(fact, id=new_id(), to=audience(record, fact, by=by.pk))
    return goal


def current_definition(plan: Plan | None) -> PlanDefinition:
    """What the newest revision defines; `EMPTY` without a plan."""
    if plan is None:
        return EMPTY
    stored = PlanRevision.objects.filter(plan=plan, number=plan.revision).values_list("definition", flat=True)
    return msgspec.convert(stored.get(), type=PlanDefinition, strict=False)


def _refuse_foreign_parts(record: CareRecord, old: PlanDefinition, new: PlanDefinition) -> None:
    _refuse_unknown_ids("goals", [g.id for g in new.goals], {g.id for g in old.goals})
    _refuse_unknown_ids("interventions", [i.id for i in new.interventions], {i.id for i in old.interventions})
    # A provider who has left may stand until somebody names another; a new one must be on the team.
    known = {member.person_id for member in team(record)} | {i.provider_id for i in old.interventions}
    for index, intervention in enumerate(new.interventions):
        if intervention.provider_id and intervention.provider_id not in known:
            raise InvalidInput(
                "The provider must be on this record's team.",
                pointer=f"/definition/interventions/{index}/provider_id",
            )


def _refuse_unknown_ids(kind: str, ids: list[UUID | None], known: Collection[UUID | None]) -> None:
    seen: set[UUID] = set()
    for index, id in enumerate(ids):
        if id is None:
            continue
        if id not in known:
            raise InvalidInput(
                "This id is not in the current revision. Leave it out to add something new.",
                pointer=f"/definition/{kind}/{index}/id",
            )
        if id in seen:
            raise InvalidInput("This id stands here twice.", pointer=f"/definition/{kind}/{index}/id")
        seen.add(id)


def _with_ids(plan: Plan, definition: PlanDefinition) -> PlanDefinition:
    """The definition with every new goal and intervention made and named."""
    goals = tuple(
        g if g.id else msgspec.structs.replace(g, id=Goal.objects.create(plan=plan).pk) for g in definition.goals
    )
    interventions = tuple(
        i if i.id else msgspec.structs.replace(i, id=Intervention.objects.create(plan=plan).pk)
        for i in definition.interventions
    )
    return msgspec.structs.replace(definition, goals=goals, interventions=interventions)
