from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q

from carehub.core.clock import DatabaseNow
from carehub.core.models import BaseModel
from carehub.directory.models import CareRecord, Person
from carehub.events.models import Event


class Plan(BaseModel):
    """The plan of a record; `revision` is the number of its newest revision. Statuses are FHIR CarePlan's."""

    class Status(models.TextChoices):
        ACTIVE = "active"
        ON_HOLD = "on-hold"
        COMPLETED = "completed"
        REVOKED = "revoked"

    record = models.ForeignKey(CareRecord, on_delete=models.PROTECT, related_name="plans")
    status = models.CharField(max_length=20, choices=Status, default=Status.ACTIVE)
    revision = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["record"], condition=Q(status__in=["active", "on-hold"]), name="one_current_plan"
            )
        ]


class PlanRevision(BaseModel):
    """An immutable snapshot of a plan's definitions (plans/definition.py gives its shape)."""

    insert_only = True

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="revisions")
    number = models.PositiveIntegerField()
    event = models.OneToOneField(Event, on_delete=models.PROTECT, related_name="+")
    author = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=DatabaseNow())
    rationale = models.TextField()
    changes = models.JSONField()
    is_material = models.BooleanField()
    definition = models.JSONField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["plan", "number"], name="plan_revision_number")]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            pgtrigger.Protect(name="revision_is_immutable", operation=pgtrigger.Update | pgtrigger.Delete)
        ]


class Goal(BaseModel):
    """A goal's lasting identity and where it stands; its text and target are defined by revisions.

    Statuses are FHIR Goal's lifecycleStatus and achievementStatus.
    """

    class Achievement(models.TextChoices):
        IN_PROGRESS = "in-progress", "In progress"
        IMPROVING = "improving", "Improving"
        WORSENING = "worsening", "Worsening"
        NO_CHANGE = "no-change", "No change"
        ACHIEVED = "achieved", "Achieved"
        SUSTAINING = "sustaining", "Sustaining"
        NOT_ACHIEVED = "not-achieved", "Not achieved"
        NO_PROGRESS = "no-progress", "No progress"
        NOT_ATTAINABLE = "not-attainable", "Not attainable"

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="goals")
    lifecycle_status = models.CharField(max_length=20, default="active")
    achievement_status = models.CharField(max_length=20, choices=Achievement, default=Achievement.IN_PROGRESS)


class Intervention(BaseModel):
    """An intervention's lasting identity; what it is, how often and by whom is defined by revisions."""

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="interventions")
    status = models.CharField(max_length=20, default="active")
