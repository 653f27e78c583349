from typing import ClassVar

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models

from carehub.core.clock import DatabaseNow
from carehub.core.models import BaseModel
from carehub.directory.models import CareRecord, Person, Role
from carehub.events.models import Event


class Thread(BaseModel):
    """A conversation of a record's team; `kind` "team" is the one that every record has."""

    record = models.ForeignKey(CareRecord, on_delete=models.PROTECT, related_name="threads")
    kind = models.CharField(max_length=20, default="team")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["record"], condition=models.Q(kind="team"), name="one_team_thread")
        ]


class Message(BaseModel):
    """What somebody wrote; immutable."""

    insert_only = True

    thread = models.ForeignKey(Thread, on_delete=models.PROTECT, related_name="messages")
    event = models.OneToOneField(Event, on_delete=models.PROTECT, related_name="+")
    author = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=DatabaseNow())
    text = models.TextField()
    priority = models.CharField(max_length=10)
    mentioned_ids = ArrayField(models.UUIDField(), default=list)
    mentioned_roles = ArrayField(models.CharField(max_length=40, choices=Role), default=list)
    asks_acknowledgement = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["thread", "-id"], name="message_thread")]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            pgtrigger.Protect(name="message_is_immutable", operation=pgtrigger.Update | pgtrigger.Delete)
        ]
