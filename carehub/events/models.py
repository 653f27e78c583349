from typing import ClassVar

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from carehub.core.clock import DatabaseNow
from carehub.core.models import BaseModel
from carehub.directory.models import CareRecord, Person


class Event(BaseModel):
    """One fact, immutable. `number` is gapless per record and internal: it never leaves this process.

    `seq` is drawn after the inbox locks, so that its order is the order of everybody's `n`. `rulebook_id` is the
    version of the organization's rules under which it was published, by whose clocks it stays; null: the built-in.
    No author means CareHub itself.
    """

    insert_only = True

    record = models.ForeignKey(CareRecord, on_delete=models.PROTECT, related_name="events")
    number = models.PositiveBigIntegerField()
    seq = models.BigIntegerField(unique=True)
    type = models.CharField(max_length=60)
    topic = models.CharField(max_length=100, blank=True)
    is_standing = models.BooleanField(default=False)
    priority = models.CharField(max_length=10)
    author = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(db_default=DatabaseNow())
    body = models.JSONField()
    rulebook_id = models.UUIDField(null=True)  # no foreign key: rule books stand on a higher floor

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["record", "number"], name="event_number_per_record"),
        ]
        indexes = [
            models.Index(fields=["record", "-seq"], name="event_timeline"),
            models.Index(fields=["record", "topic", "-seq"], condition=Q(is_standing=True), name="event_standing"),
        ]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            pgtrigger.Protect(name="event_is_immutable", operation=pgtrigger.Update | pgtrigger.Delete),
            pgtrigger.Trigger(
                name="event_has_a_recipient",
                operation=pgtrigger.Insert,
                when=pgtrigger.After,
                timing=pgtrigger.Deferred,
                func="""
                    IF NOT EXISTS (
                        SELECT 1 FROM events_delivery WHERE event_id = NEW.id AND n IS NOT NULL
                    ) THEN
                        RAISE EXCEPTION 'event % has no recipient', NEW.id USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NULL;
                """,
            ),
        ]


class RecordLog(models.Model):
    """How many events a record has; counted under the record's lock."""

    record = models.OneToOneField(CareRecord, on_delete=models.PROTECT, primary_key=True, related_name="+")
    head = models.PositiveBigIntegerField()


class Inbox(models.Model):
    """How many deliveries a person has: n = 1..head without a gap. The row is the inbox's lock."""

    person = models.OneToOneField(Person, on_delete=models.PROTECT, primary_key=True, related_name="inbox")
    head = models.PositiveBigIntegerField(default=0)


class Obligation(models.TextChoices):
    """What an event asks of one recipient, weakest first."""

    NONE = "none", "nothing: you wrote it"
    INFORM = "inform", "to be read"
    ACKNOWLEDGE = "acknowledge", "to be acknowledged"
    ANSWER = "answer", "to be answered"


class Outcome(models.TextChoices):
    """How a recipient's row ended."""

    ACKNOWLEDGED = "acknowledged"
    ANSWERED = "answered"
    HANDED_OVER = "handed_over"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


class Delivery(models.Model):
    """One event and one person: as recipient (with `n`) or as excluded (with the reason, and never sent).

    Open means: `due_at` is set and `outcome` is null. States only move forward: received, seen, then an outcome.
    Only a hand-over opens a row again, in its next `round`: what somebody comes back to, or takes over after he had
    done with it. `priority` is the clock it runs by; `next_rung_at` is when the sweeper must look at it next.
    """

    pk = models.CompositePrimaryKey("person_id", "event_id")
    # Their indexes are the key's prefix and `delivery_event`; a second one would only cost writes.
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="deliveries", db_index=False)
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="deliveries", db_index=False)
    n = models.PositiveBigIntegerField(null=True)
    roles = ArrayField(models.CharField(max_length=40))
    obligation = models.CharField(max_length=12, choices=Obligation, default=Obligation.NONE)
    ground = models.CharField(max_length=20, blank=True)
    asked_roles = ArrayField(models.CharField(max_length=40), default=list)
    exclusion = models.CharField(max_length=20, blank=True)
    priority = models.CharField(max_length=10)
    due_at = models.DateTimeField(null=True)
    next_rung_at = models.DateTimeField(null=True)
    rung = models.PositiveSmallIntegerField(default=0)
    round = models.PositiveSmallIntegerField(default=1)
    received_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=12, choices=Outcome, null=True)  # noqa: DJ001  null is "none yet"
    outcome_at = models.DateTimeField(null=True)
    outcome_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    outcome_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "n"], condition=Q(n__isnull=False), name="inbox_number"),
            models.CheckConstraint(
                condition=Q(n__isnull=False, exclusion="")
                | (
                    Q(n__isnull=True, obligation="none", received_at=None, seen_at=None, outcome=None)
                    & ~Q(exclusion="")
                ),
                name="excluded_has_no_number",
            ),
            models.CheckConstraint(
                condition=Q(obligation__in=["acknowledge", "answer"], due_at__isnull=False)
                | Q(obligation__in=["none", "inform"], due_at__isnull=True),
                name="due_iff_obliged",
            ),
            models.CheckConstraint(
                condition=Q(seen_at=None) | Q(received_at__isnull=False, seen_at__gte=F("received_at")),
                name="seen_after_received",
            ),
            models.CheckConstraint(
                condition=~Q(outcome__in=["acknowledged", "answered"])
                | Q(seen_at__isnull=False, outcome_at__gte=F("seen_at")),
                name="acknowledged_after_seen",
            ),
            models.CheckConstraint(
                condition=Q(outcome=None, outcome_at=None, outcome_by=None)
                | Q(outcome__isnull=False, outcome_at__isnull=False),
                name="outcome_has_a_time",
            ),
        ]
        indexes = [
            models.Index(fields=["event"], name="delivery_event"),
            models.Index(
                fields=["person", "due_at"],
                condition=Q(due_at__isnull=False, outcome=None),
                name="delivery_open",
            ),
            models.Index(
                fields=["next_rung_at"],
                condition=Q(next_rung_at__isnull=False, outcome=None),
                name="delivery_next_rung",
            ),
            models.Index(
                fields=["person", "n"],
                condition=Q(n__isnull=False, received_at=None),
                name="delivery_unreceived",
            ),
        ]
