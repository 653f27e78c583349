"""Read flags. Opening them writes one line of the trail."""

from collections.abc import Sequence
from uuid import UUID

from carehub.access.capabilities import Capability
from carehub.audit import trail
from carehub.core.errors import NotVisible
from carehub.directory.models import Person
from carehub.records.queries import get_record

from .models import Flag


def flags(
    *, by: Person, record_id: UUID, before: UUID | None = None, limit: int = 50, status: str | None = None
) -> Sequence[Flag]:
    """A record's flags with their answers, newest first; keyset: ids below `before`. Raises NotVisible, NotAllowed."""
    record = get_record(by=by, record_id=record_id, capability=Capability.FLAG_READ)
    trail.read("flag.read", by=by.pk, record_id=record.pk, patient_ids=[record.patient_id])
    rows = Flag.objects.filter(record=record).select_related("raised_by")
    rows = rows.prefetch_related("answers__person").order_by("-id")
    if before is not None:
        rows = rows.filter(pk__lt=before)
    if status is not None:
        rows = rows.filter(status=status)
    return list(rows[:limit])


def get_flag(*, by: Person, record_id: UUID, flag_id: UUID) -> Flag:
    """One flag of this record with its answers. Raises NotVisible, NotAllowed."""
    record = get_record(by=by, record_id=record_id, capability=Capability.FLAG_READ)
    rows = Flag.objects.filter(pk=flag_id, record=record).select_related("raised_by")
    flag = rows.prefetch_related("answers__person").first()
    if flag is None:
        raise NotVisible()
    trail.read("flag.read", by=by.pk, record_id=record.pk, patient_ids=[record.patient_id], on=flag.pk)
    return flag
