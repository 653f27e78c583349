"""Tell a team that nobody will cover a role, hours before."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from carehub.access.audience import audience
from carehub.audit import trail
from carehub.core.ids import new_id
from carehub.directory.models import CareRecord
from carehub.events.catalogue import CoverMissing
from carehub.events.publish import publish

from ..models import CoverGap


@transaction.atomic
def report_missing_cover(*, record_id: UUID, role: str, starts_at: datetime, ends_at: datetime | None) -> bool:
    """Tell a record's overseers of one gap, once; False when it was told before or the record is not active."""
    record = CareRecord.objects.lock(record_id)
    if record.status != CareRecord.Status.ACTIVE:
        return False
    gap, is_new = CoverGap.objects.get_or_create(
        record=record, role=role, starts_at=starts_at, defaults={"ends_at": ends_at}
    )
    if not is_new:
        return False
    trail.wrote("cover.miss", by=record.care_manager_id, record_id=record.pk, patient_id=record.patient_id, on=gap.pk)
    fact = CoverMissing(role=role, starts_at=starts_at, ends_at=ends_at)
    publish(fact, id=new_id(), to=audience(record, fact, by=None))
    return True
