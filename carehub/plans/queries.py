"""Read plans. Opening one writes one line of the trail."""

from dataclasses import dataclass
from uuid import UUID

import msgspec

from carehub.access.capabilities import Capability
from carehub.audit import trail
from carehub.core.errors import NotVisible
from carehub.directory.models import Person
from carehub.records.queries import get_record

from .definition import EMPTY, PlanDefinition
from .models import Goal, Plan, PlanRevision


@dataclass(frozen=True, slots=True)
class ReadPlan:
    """A revision as it is read. Without a plan: revision None, definition EMPTY."""

    plan: Plan | None
    revision: PlanRevision | None
    definition: PlanDefinition
    achievement: dict[UUID, str]

    @property
    def etag(self) -> str:
        """`"<revision>"`, `"0"` before the first."""
        return f'"{self.revision.number if self.revision else 0}"'


def read_plan(*, by: Person, record_id: UUID, number: int | None = None) -> ReadPlan:
    """The current revision, or revision `number`, of a record's plan.

    Raises NotVisible (also for a number that does not exist) and NotAllowed.
    """
    record = get_record(by=by, record_id=record_id, capability=Capability.PLAN_READ)
    trail.read("plan.read", by=by.pk, record_id=record.pk, patient_ids=[record.patient_id])
    plan = Plan.objects.filter(record=record, status__in=[Plan.Status.ACTIVE, Plan.Status.ON_HOLD]).first()
    if number is not None and (plan is None or number > plan.revision):
        raise NotVisible()
    if plan is None:
        return ReadPlan(None, None, EMPTY, {})
    revision = (
        PlanRevision.objects.select_related("author", "event")
        .filter(plan=plan, number=plan.revision if number is None else number)
        .first()
    )
    if revision is None:
        raise NotVisible()
    definition = msgspec.convert(revision.definition, type=PlanDefinition, strict=False)
    achievement = dict(Goal.objects.filter(plan=plan).values_list("pk", "achievement_status"))
    return ReadPlan(plan, revision, definition, achievement)


def revisions(*, by: Person, record_id: UUID, before: int | None = None, limit: int = 50) -> list[PlanRevision]:
    """A record's plan revisions, newest first; keyset: numbers below `before`. Raises NotVisible, NotAllowed."""
    record = get_record(by=by, record_id=record_id, capability=Capability.PLAN_READ)
    trail.read("plan.read", by=by.pk, record_id=record.pk, patient_ids=[record.patient_id])
    rows = PlanRevision.objects.filter(plan__record=record).select_related("author").order_by("-at", "-number")
    if before is not None:
        rows = rows.filter(number__lt=before)
    return list(rows[:limit])
