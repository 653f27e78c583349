from datetime import time
from uuid import UUID

from django.db import models
from django.db.models import F, Q

from carehub.core.clock import DatabaseNow
from carehub.core.models import BaseModel
from carehub.directory.models import CareRecord, Organization, Person
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


class Channel(BaseModel):
    """One way out of the house with its breaker: the mail server, or one gateway.

    After each failure nothing is sent before `paused_until`, then one notice alone, until one gets through.
    `handed_over_at` says since when a worker has been asked to look at it.
    """

    class Transport(models.TextChoices):
        MAIL = "mail"
        WEBHOOK = "webhook"

    transport = models.CharField(max_length=20, choices=Transport)
    failures = models.PositiveIntegerField(default=0)
    paused_until = models.DateTimeField(null=True)
    handed_over_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["transport"], condition=Q(transport="mail"), name="one_mail_channel"),
            models.CheckConstraint(
                condition=Q(failures=0, paused_until=None) | Q(failures__gt=0, paused_until__isnull=False),
                name="only_failures_pause",
            ),
        ]


MAIL = UUID("00000000-0000-7000-8000-000000000001")
"""The mail server's Channel, which the migration makes."""


class Gateway(BaseModel):
    """How an organization reaches a provider of text messages or pages: an address that takes signed webhooks.

    The secret must be at hand to sign with, so it is stored as it is; it is shown once and never again. While
    `previous_until` has not passed, both secrets sign.
    """

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="gateways")
    channel = models.OneToOneField(Channel, on_delete=models.PROTECT, related_name="gateway")
    name = models.CharField(max_length=200)
    url = models.CharField(max_length=500)
    secret = models.CharField(max_length=80)
    previous_secret = models.CharField(max_length=80, blank=True)
    previous_until = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(db_default=DatabaseNow())
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "name"], condition=Q(closed_at=None), name="one_open_gateway_of_a_name"
            ),
            models.CheckConstraint(
                condition=Q(previous_secret="", previous_until=None)
                | (~Q(previous_secret="") & Q(previous_until__isnull=False)),
                name="previous_secret_ends",
            ),
        ]


class ContactPoint(BaseModel):
    """Where a person is reached through a gateway: a telephone number or a pager. The lowest rank is tried first."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="contact_points")
    gateway = models.ForeignKey(Gateway, on_delete=models.PROTECT, related_name="contact_points")
    value = models.CharField(max_length=100)
    rank = models.PositiveSmallIntegerField(default=1)
    added_at = models.DateTimeField(db_default=DatabaseNow())
    removed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "gateway", "value"], condition=Q(removed_at=None), name="each_contact_point_once"
            )
        ]


class Preference(BaseModel):
    """When a person wants notices, by the clock on the wall where he is; without a row the defaults hold."""

    person = models.OneToOneField(Person, on_delete=models.PROTECT, related_name="preference")
    quiet_from = models.TimeField(null=True)
    quiet_until = models.TimeField(null=True)
    digest_at = models.TimeField(default=time(8))

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(quiet_from=None, quiet_until=None)
                | (Q(quiet_from__isnull=False, quiet_until__isnull=False) & ~Q(quiet_from=F("quiet_until"))),
                name="quiet_hours_begin_and_end",
            )
        ]


class Dispatch(BaseModel):
    """One notice to one person by one channel. The text is constant; the row is claimed before it is sent.

    A claimed row whose `next_attempt_at` has passed belongs to a worker that died. `key` is what the provider knows the
    sending by, the row's own id unless it left together with others.
    """

    class State(models.TextChoices):
        QUEUED = "queued"
        CLAIMED = "claimed"
        SENT = "sent"
        FAILED = "failed"
        WITHDRAWN = "withdrawn"

    escalation = models.ForeignKey(Escalation, on_delete=models.PROTECT, null=True, related_name="dispatches")
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, null=True, related_name="dispatches")
    round = models.PositiveIntegerField(default=0)
    is_test = models.BooleanField(default=False)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    transport = models.CharField(max_length=20, default="mail")
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, default=MAIL, related_name="dispatches")
    contact_point = models.ForeignKey(ContactPoint, on_delete=models.PROTECT, null=True, related_name="+")
    priority = models.CharField(max_length=10, default="urgent")
    is_digest = models.BooleanField(default=False)
    key = models.UUIDField(null=True)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    result = models.CharField(max_length=60, blank=True)
    queued_at = models.DateTimeField(db_default=DatabaseNow())
    next_attempt_at = models.DateTimeField(db_default=DatabaseNow())
    passes_on_at = models.DateTimeField(null=True)
    claimed_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                condition=Q(state__in=["queued", "claimed"]),
                name="dispatch_due",
            ),
            models.Index(
                fields=["channel", "next_attempt_at"],
                condition=Q(state__in=["queued", "claimed"]),
                name="dispatch_due_by_channel",
            ),
            models.Index(fields=["channel", "passes_on_at"], condition=Q(state="queued"), name="dispatch_passes_on"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(is_test=True, escalation=None, incident=None)
                | (Q(is_test=False) & (Q(escalation=None) ^ Q(incident=None))),
                name="dispatch_has_one_reason",
            ),
            models.UniqueConstraint(
                fields=["escalation", "person", "contact_point"],
                condition=Q(escalation__isnull=False),
                nulls_distinct=False,
                name="one_notice_of_a_rung_by_each_way",
            ),
            models.UniqueConstraint(
                fields=["incident", "round", "person", "contact_point"],
                condition=Q(incident__isnull=False),
                nulls_distinct=False,
                name="one_notice_of_an_incident_by_each_way",
            ),
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
