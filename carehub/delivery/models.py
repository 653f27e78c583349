from django.db import models
from django.db.models import Q

from carehub.core.clock import DatabaseNow
from carehub.core.models import BaseModel
from carehub.directory.models import Person
from carehub.events.models import Event


class Escalation(BaseModel):
    """One rung that was climbed for one delivery: who was reached for, over which channel, with what result."""

    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="escalations")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    rung = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=20)
    to_person = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    channel = models.CharField(max_length=20)
    result = models.CharField(max_length=40)
    at = models.DateTimeField(db_default=DatabaseNow())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event", "person", "rung"], name="each_rung_once"),
        ]


class Dispatch(BaseModel):
    """One notice to one person outside CareHub. The text is constant; the row is claimed before it is sent."""

    class State(models.TextChoices):
        QUEUED = "queued"
        CLAIMED = "claimed"
        SENT = "sent"
        FAILED = "failed"

    escalation = models.ForeignKey(Escalation, on_delete=models.PROTECT, related_name="dispatches")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    transport = models.CharField(max_length=20, default="mail")
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(db_default=DatabaseNow())
    claimed_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                condition=Q(state__in=["queued", "claimed"]),
                name="dispatch_due",
            )
        ]


class Heartbeat(models.Model):
    """When a sweeper last looked. Readiness is red once the newest is older than three periods."""

    name = models.CharField(max_length=100, primary_key=True)
    at = models.DateTimeField()
