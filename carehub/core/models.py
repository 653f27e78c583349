from datetime import timedelta

from django.db import models
from django.db.models import Q

from .clock import DatabaseNow
from .ids import new_id


class BaseModel(models.Model):
    """A row with a public uuid7.

    The serving role may delete only from tables whose rows are outlived (`is_outlived`), and may not even change those
    that are `insert_only` (core/grants.py).
    """

    insert_only = False
    is_outlived = False

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)

    class Meta:
        abstract = True


class Installation(models.Model):
    """The one row that says what this database is for, and which epoch its cursors belong to.

    `epoch` changes when a backup is restored; `clock_offset` moves `carehub_now()` and is held at zero unless the
    database was made by tests or by `carehub prove`.
    """

    class Purpose(models.TextChoices):
        CARE = "care"
        DEMO = "demo"
        TESTS = "tests"
        PROVE = "prove"

    id = models.SmallIntegerField(primary_key=True, default=1)
    purpose = models.CharField(max_length=10, choices=Purpose, default=Purpose.CARE)
    epoch = models.PositiveIntegerField(default=1)
    clock_offset = models.DurationField(default=timedelta())

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="one_installation"),
            models.CheckConstraint(
                condition=Q(clock_offset=timedelta()) | Q(purpose__in=["tests", "prove"]),
                name="only_tests_move_the_clock",
            ),
        ]


class IdempotencyKey(models.Model):
    """What one caller's key did: ids of what was made, never the request or its answer. Kept 24 hours."""

    is_outlived = True

    pk = models.CompositePrimaryKey("person_id", "key")
    person_id = models.UUIDField()
    key = models.CharField(max_length=100)
    fingerprint = models.BinaryField(max_length=32)
    made = models.JSONField(null=True)
    created_at = models.DateTimeField(db_default=DatabaseNow())

    class Meta:
        indexes = [models.Index(fields=["created_at"], name="idempotency_age")]
