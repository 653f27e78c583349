from typing import ClassVar, Literal

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from carehub.core.clock import DatabaseNow
from carehub.core.models import BaseModel
from carehub.directory.models import CareRecord, Person, Role
from carehub.events.models import Event

Severity = Literal["low", "moderate", "high", "critical"]
Category = Literal["clinical", "drug", "lab", "safety", "behavioral", "diet"]


class Flag(BaseModel):
    """A medical flag with its question to roles; immutable but for `status`. Codes are FHIR Flag's."""

    class Status(models.TextChoices):
        ACTIVE = "active"
        INACTIVE = "inactive"
        ENTERED_IN_ERROR = "entered-in-error"

    record = models.ForeignKey(CareRecord, on_delete=models.PROTECT, related_name="flags")
    event = models.OneToOneField(Event, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=20, choices=Status, default=Status.ACTIVE)
    system = models.CharField(max_length=200)
    code = models.CharField(max_length=100)
    display = models.CharField(max_length=200)
    severity = models.CharField(max_length=10)
    category = models.CharField(max_length=20)
    note = models.TextField(blank=True)
    question = models.TextField(blank=True)
    asked_roles = ArrayField(models.CharField(max_length=40, choices=Role), default=list)
    raised_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    raised_at = models.DateTimeField(db_default=DatabaseNow())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(question="", asked_roles=[]) | (~Q(question="") & ~Q(asked_roles=[])),
                name="a_question_is_to_somebody",
            )
        ]
        indexes = [models.Index(fields=["record", "-raised_at"], name="flag_record")]


class FlagAnswer(BaseModel):
    """One asked person's answer, in the roles as which he was asked."""

    insert_only = True

    flag = models.ForeignKey(Flag, on_delete=models.PROTECT, related_name="answers")
    event = models.OneToOneField(Event, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    roles = ArrayField(models.CharField(max_length=40, choices=Role))
    changes_plan = models.BooleanField()
    text = models.TextField()
    at = models.DateTimeField(db_default=DatabaseNow())

    class Meta:
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            pgtrigger.Protect(name="answer_is_immutable", operation=pgtrigger.Update | pgtrigger.Delete)
        ]
