"""Read messages. Opening them writes one line of the trail."""

from collections.abc import Sequence
from uuid import UUID

from carehub.access.capabilities import Capability
from carehub.audit import trail
from carehub.core.errors import NotVisible
from carehub.directory.models import Person
from carehub.records.queries import get_record

from .models import Message


def messages(*, by: Person, record_id: UUID, before: UUID | None = None, limit: int = 50) -> Sequence[Message]:
    """The team thread, newest first; keyset: ids below `before`. Raises NotVisible, NotAllowed."""
    record = get_record(by=by, record_id=record_id, capability=Capability.MESSAGE_READ)
    trail.read("message.read", by=by.pk, record_id=record.pk, patient_ids=[record.patient_id])
    rows = Message.objects.filter(thread__record=record).select_related("author").order_by("-id")
    if before is not None:
        rows = rows.filter(pk__lt=before)
    return list(rows[:limit])


def get_message(*, by: Person, record_id: UUID, message_id: UUID) -> Message:
    """One message of this record. Raises NotVisible, NotAllowed."""
    record = get_record(by=by, record_id=record_id, capability=Capability.MESSAGE_READ)
    rows = Message.objects.select_related("author")
    message = rows.filter(pk=message_id, thread__record=record).first()
    if message is None:
        raise NotVisible()
    trail.read("message.read", by=by.pk, record_id=record.pk, patient_ids=[record.patient_id], on=message.pk)
    return message
