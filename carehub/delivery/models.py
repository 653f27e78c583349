from django.db import models
from django.db.models import Q

from carehub.core.clock import DatabaseNow
from carehub.core.models import BaseModel
from carehub.directory.models import CareRecord, Person
from carehub.events.models import Event


class Escalation(BaseModel):
    """One rung that was climbed for one delivery: who was reached for, over which channel, with what result."""

    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="escalations")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    rung = models.PositiveSmallIntegerField()
    round = models.PositiveSmallIntegerField(default=1)
    name = models.CharField(max_length=20)
    to_person = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    channel = models.CharField(max_length=20)
    result = models.CharField(max_length=40)
    at = models.DateTimeField(db_default=DatabaseNow())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event", "person", "round", "rung"], name="each_rung_once"),
        ]


class Incident(BaseModel):
    """Nobody answered in time: one open for an event, whoever is silent on it, until a person closes it with a reason.

    Its silent people are the Escalation rows of the event's last rung. `next_ask_at` is when its owner, then the
    organization's admins, are asked again.
    """

    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="incidents")
    record = models.ForeignKey(CareRecord, on_delete=models.PROTECT, related_name="incidents")
    owner = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField(db_default=DatabaseNow())
    asks = models.PositiveIntegerField(default=0)
    next_ask_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    close_reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(closed_at=None, closed_by=None, close_reason="", next_ask_at__isnull=False)
                | (Q(closed_at__isnull=False, closed_by__isnull=False, next_ask_at__isnull=True) & ~Q(close_reason="")),
                name="incident_closed_with_a_reason",
            ),
            models.UniqueConstraint(fields=["event"], condition=Q(closed_at=None), name="one_open_incident"),
        ]
        indexes = [models.Index(fields=["next_ask_at"], condition=Q(closed_at=None), name="incident_due")]


class Dispatch(BaseModel):
    """One notice to one person outside CareHub. The text is constant; the row is claimed before it is sent."""

    class State(models.TextChoices):
        QUEUED = "queued"
        CLAIMED = "claimed"
        SENT = "sent"
        FAILED = "failed"

    escalation = models.ForeignKey(Escalation, on_delete=models.PROTECT, null=True, related_name="dispatches")
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, null=True, related_name="dispatches")
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
        constraints = [
            models.CheckConstraint(condition=Q(escalation=None) ^ Q(incident=None), name="dispatch_has_one_reason")
        ]


class Heartbeat(models.Model):
    """When a sweeper last looked. Readiness is red once the newest is older than three periods."""

    is_outlived = True

    name = models.CharField(max_length=100, primary_key=True)
    at = models.DateTimeField()


class Verification(models.Model):
    """The hourly look at the ledger: one row, claimed by moving `due_at` on, and what the last look found.

    `broken` maps each broken invariant to how many rows break it and the first of them, by table and ids.
    """

    id = models.SmallIntegerField(primary_key=True, default=1)
    due_at = models.DateTimeField()
    at = models.DateTimeField(null=True)
    broken = models.JSONField(default=dict)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="one_verification")]


class Unrenderable(models.Model):
    """An event that a version of the code could not show: its type is unknown there, or its body does not fit.

    `reason` names fields, nothing of their content. Resolved once a version can show it.
    """

    event = models.OneToOneField(Event, on_delete=models.PROTECT, primary_key=True, related_name="unrenderable")
    reason = models.CharField(max_length=100)
    found_at = models.DateTimeField(db_default=DatabaseNow())
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["found_at"], condition=Q(resolved_at=None), name="unrenderable_open")]


class RenderLook(models.Model):
    """How far the events were looked at with one version's catalogue, by its fingerprint; claimed by `due_at`.

    Everything up to `looked` was. Up to `head` it will have been, once all transactions below `horizon` have ended.
    """

    catalogue = models.CharField(max_length=64, primary_key=True)
    due_at = models.DateTimeField()
    looked = models.BigIntegerField()
    head = models.BigIntegerField()
    horizon = models.BigIntegerField()
    head_at = models.DateTimeField()
