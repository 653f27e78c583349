from typing import ClassVar

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from carehub.core.clock import DatabaseNow


class Entry(models.Model):
    """One line of the trail. Insert-only by grant and by trigger; no foreign key, so that nothing else waits for it."""

    insert_only = True

    class Outcome(models.TextChoices):
        DONE = "done"
        READ = "read"
        DENIED = "denied"

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(db_default=DatabaseNow())
    person_id = models.UUIDField(null=True)
    outcome = models.CharField(max_length=6, choices=Outcome)
    verb = models.CharField(max_length=60)
    record_id = models.UUIDField(null=True)
    patient_ids = ArrayField(models.UUIDField(), default=list)
    object_id = models.UUIDField(null=True)
    address = models.GenericIPAddressField(null=True)
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["record_id", "-id"], name="trail_record"),
            models.Index(fields=["person_id", "-at"], name="trail_person"),
            GinIndex(fields=["patient_ids"], name="trail_patients"),
        ]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            pgtrigger.Protect(name="trail_is_insert_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]
