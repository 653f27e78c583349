from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeBoundary, RangeOperators
from django.db import models
from django.db.models import F, Func, Q

from carehub.core.clock import DatabaseNow
from carehub.core.models import BaseModel
from carehub.directory.models import CareRecord, Organization, Person, Role


class Period(Func):
    """`[starts_at, ends_at)`: two that only touch do not overlap."""

    function = "TSTZRANGE"
    output_field = DateTimeRangeField()


_PERIOD = Period("starts_at", "ends_at", RangeBoundary())


class Shift(BaseModel):
    """Somebody is on duty or on call at an organization in one role, from one instant to another.

    `time_zone` is the one in which it was entered. Cancelled, never deleted.
    """

    class Kind(models.TextChoices):
        DUTY = "duty", "On duty"
        ON_CALL = "on-call", "On call"

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="shifts")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="shifts")
    role = models.CharField(max_length=40, choices=Role)
    kind = models.CharField(max_length=10, choices=Kind)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    time_zone = models.CharField(max_length=64)
    cancelled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="shift_ends_after_it_starts"),
            ExclusionConstraint(
                name="shifts_of_one_kind_do_not_overlap",
                expressions=[
                    ("person", RangeOperators.EQUAL),
                    ("organization", RangeOperators.EQUAL),
                    ("role", RangeOperators.EQUAL),
                    ("kind", RangeOperators.EQUAL),
                    (_PERIOD, RangeOperators.OVERLAPS),
                ],
                condition=Q(cancelled_at=None),
            ),
        ]
        indexes = [models.Index(fields=["organization", "ends_at"], condition=Q(cancelled_at=None), name="shift_rota")]


class Absence(BaseModel):
    """Somebody is away from one instant to another; the delegate, if there is one, is reached in his place."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="absences")
    delegate = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    time_zone = models.CharField(max_length=64)
    cancelled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="absence_ends_after_it_starts"),
            models.CheckConstraint(
                condition=Q(delegate=None) | ~Q(delegate=F("person")), name="nobody_is_his_own_delegate"
            ),
            ExclusionConstraint(
                name="absences_do_not_overlap",
                expressions=[("person", RangeOperators.EQUAL), (_PERIOD, RangeOperators.OVERLAPS)],
                condition=Q(cancelled_at=None),
            ),
        ]
        indexes = [models.Index(fields=["ends_at"], condition=Q(cancelled_at=None), name="absence_ends")]


class CoverGap(BaseModel):
    """A time in which nobody covers a role on a record's team, as it was told; no end means that none was in sight."""

    record = models.ForeignKey(CareRecord, on_delete=models.PROTECT, related_name="cover_gaps")
    role = models.CharField(max_length=40, choices=Role)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField(db_default=DatabaseNow())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["record", "role", "starts_at"], name="each_gap_told_once"),
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(ends_at__gte=F("starts_at")), name="gap_ends_after_it_starts"
            ),
        ]


class CoverLook(models.Model):
    """The half-hourly look for roles that nobody will cover: one row, claimed by moving `due_at` on."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    due_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="one_cover_look")]
