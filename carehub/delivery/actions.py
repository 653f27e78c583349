"""Climb one rung for one silent obligation: the row, the event for its overseer, the notice outside."""

from uuid import UUID

from django.db import transaction

from carehub.access import audience
from carehub.access.audience import team
from carehub.access.capabilities import Capability
from carehub.access.policy import capabilities_of
from carehub.audit import trail
from carehub.core.clock import now
from carehub.core.ids import new_id
from carehub.directory.models import CareRecord
from carehub.events.catalogue import ObligationEscalated
from carehub.events.models import Delivery
from carehub.events.obligations import open_deliveries
from carehub.events.publish import publish

from .ladder import LADDER, OVERDUE, UNDELIVERED, next_at
from .models import Dispatch, Escalation


@transaction.atomic
def climb(*, record_id: UUID, person_id: UUID, event_id: UUID) -> Escalation | None:
    """Climb the next rung of this delivery if it is still open and due; None when there is nothing to climb.

    Two sweepers never climb the same rung: the record's lock orders them and the rung's unique key holds.
    """
    record = CareRecord.objects.lock(record_id)
    row = (
        open_deliveries()
        .select_related("person", "event")
        .filter(person_id=person_id, event_id=event_id, next_rung_at__lte=now(), rung__lt=len(LADDER))
        .select_for_update(of=("self",))
        .first()
    )
    if row is None:
        return None
    rung = LADDER[row.rung]
    row.rung, row.next_rung_at = rung.number, next_at(rung, row.due_at) if row.due_at else None
    row.save(update_fields=["rung", "next_rung_at"])
    if rung is UNDELIVERED:
        return _remind(row) if row.received_at is None else None
    return _tell_overseer(record, row)


def _remind(row: Delivery) -> Escalation:
    escalation = Escalation.objects.create(
        event_id=row.event_id,
        person_id=row.person_id,
        rung=UNDELIVERED.number,
        name=UNDELIVERED.name,
        to_person_id=row.person_id,
        channel="mail",
        result="queued",
    )
    Dispatch.objects.create(escalation=escalation, person_id=row.person_id)
    return escalation


def _tell_overseer(record: CareRecord, row: Delivery) -> Escalation:
    overseer = _overseer(record, row.person_id)
    escalation = Escalation.objects.create(
        event_id=row.event_id,
        person_id=row.person_id,
        rung=OVERDUE.number,
        name=OVERDUE.name,
        to_person_id=overseer,
        channel="inbox and mail",
        result="queued",
    )
    Dispatch.objects.create(escalation=escalation, person_id=overseer)
    trail.wrote("obligation.escalate", by=overseer, record_id=record.pk, patient_id=record.patient_id, on=row.event_id)
    assert row.due_at is not None  # the row is open
    fact = ObligationEscalated(
        about_event_id=row.event_id,
        about_type=row.event.type,
        person_id=row.person_id,
        person_name=row.person.name,
        rung=OVERDUE.name,
        due_at=row.due_at,
    )
    publish(fact, id=new_id(), to=audience(record, fact, by=None, addressed=overseer))
    return escalation


def _overseer(record: CareRecord, silent: UUID) -> UUID:
    """The care manager; when it is he who is silent, another overseer of the team, else himself."""
    if record.care_manager_id != silent:
        return record.care_manager_id
    for member in team(record):
        may = capabilities_of(member.roles, is_care_manager=False)
        if member.person_id != silent and Capability.OBLIGATION_OVERSEE in may:
            return member.person_id
    return silent
