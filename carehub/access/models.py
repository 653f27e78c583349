from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q

from carehub.core.clock import DatabaseNow
from carehub.core.models import BaseModel
from carehub.directory.models import Organization, Person


class RuleBook(BaseModel):
    """One version of an organization's rules, immutable: `body` is a `rulebook.Book`. The newest is in force.

    An organization without a row lives by the built-in book, which is version 0.
    """

    insert_only = True

    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, related_name="rule_books", db_index=False
    )  # the unique key begins with it
    version = models.PositiveIntegerField()
    body = models.JSONField()
    reason = models.TextField()
    adopted_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    adopted_at = models.DateTimeField(db_default=DatabaseNow())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "version"], name="rulebook_version"),
            models.CheckConstraint(condition=Q(version__gte=1), name="rulebook_versions_from_1"),
        ]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            pgtrigger.Protect(name="rulebook_is_immutable", operation=pgtrigger.Update | pgtrigger.Delete)
        ]
