"""Climb one rung for one silent obligation; open, re-ask and close the incident at the ladder's end."""

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from carehub.access import audience, lock_to_change
from carehub.access.capabilities import Capability
from carehub.audit import trail
from carehub.core.clock import now
from carehub.core.errors import Conflict, NotVisible
from carehub.core.failpoints import fail_point
from carehub.core.ids import new_id
from carehub.directory.models import CareRecord, Membership, Person, PractitionerRole, Role
from carehub.events.catalogue import IncidentClosed, IncidentOpened, ObligationEscalated
from carehub.events.models import Delivery
from carehub.events.obligations import open_deliveries, withdraw
from carehub.events.publish import publish

from .ladder import INCIDENT, LADDER, UNDELIVERED, Rung, next_at
from .models import Dispatch, Escalation, Incident
from .reach import reach

ASK_AGAIN = timedelta(days=1)


class IncidentIsClosed(Conflict):
    code, title = "incident-closed", "Closed already"


@transaction.atomic
def climb(*, record_id: UUID, person_id: UUID, event_id: UUID) -> Escalation | None:
    """Climb the next rung of this delivery if it is still open and due; None when there is nothing to climb.

    Two sweepers never climb the same rung: the record's lock orders them and the rung's unique key holds. Whom it
    reaches is decided now.
    """
    record = CareRecord.objects.lock(record_id)
    row = (
        open_deliveries()
        .select_related("person", "event")
        .filter(person_id=person_id, event_id=event_id, next_rung_at__lte=now(), rung__lt=len(LADDER))
        .select_for_update(of=("self",))
        .first()
    )
    if row is None or row.due_at is None:
        return None
    rung = LADDER[row.rung]
    row.rung = rung.number
    row.next_rung_at = next_at(rung, due_at=row.due_at, priority=row.priority, rulebook_id=row.event.rulebook_id)
    row.save(update_fields=["rung", "next_rung_at"])
    if rung is UNDELIVERED and row.received_at is not None:
        return None
    fail_point("mid_escalation")
    reached = reach(rung, record, row.person_id)
    escalation = Escalation.objects.create(
        event_id=row.event_id,
        person_id=row.person_id,
        round=row.round,
        rung=rung.number,
        name=rung.name,
        to_person_id=reached,
        channel="mail" if rung.reaches == "person" else "inbox and mail",
        result="queued",
    )
    if rung is INCIDENT:
        _open_incident(record, row, reached)
        return escalation
    Dispatch.objects.create(escalation=escalation, person_id=reached)
    if rung.reaches != "person":
        _tell(record, row, rung, reached)
    return escalation


@transaction.atomic
def ask_again(*, incident_id: UUID) -> bool:
    """Ask an open incident's owner again, from the second day on the organization's admins too; False when not due.

    An owner who has left the team, or was deactivated, is replaced by the record's care manager.
    """
    found = Incident.objects.filter(pk=incident_id).values_list("record_id", flat=True).first()
    if found is None:
        return False
    record = CareRecord.objects.lock(found)
    incident = Incident.objects.filter(pk=incident_id, closed_at=None, next_ask_at__lte=now()).first()
    if incident is None:
        return False
    here = Membership.objects.filter(record=record, ended_at=None, person__is_active=True)
    if not here.filter(person_id=incident.owner_id).exists():
        incident.owner_id = record.care_manager_id
    incident.asks += 1
    incident.next_ask_at = now() + ASK_AGAIN
    incident.save(update_fields=["owner", "asks", "next_ask_at"])
    asked = {incident.owner_id} | (_admins(record) if incident.asks > 1 else set())
    Dispatch.objects.bulk_create(Dispatch(incident=incident, person_id=person_id) for person_id in sorted(asked))
    return True


@transaction.atomic
def close_incident(*, by: Person, incident_id: UUID, reason: str) -> Incident:
    """Close an incident with a reason; what is still open on its event is withdrawn with the same reason.

    Raises NotVisible, NotAllowed, IncidentIsClosed.
    """
    record_id = Incident.objects.filter(pk=incident_id).values_list("record_id", flat=True).first()
    if record_id is None:
        raise NotVisible()
    record = lock_to_change(by, Capability.OBLIGATION_OVERSEE, record_id)
    incident = Incident.objects.get(pk=incident_id)
    if incident.closed_at is not None:
        raise IncidentIsClosed("This incident was closed before.")
    incident.closed_at, incident.closed_by, incident.close_reason = now(), by, reason
    incident.next_ask_at = None
    incident.save(update_fields=["closed_at", "closed_by", "close_reason", "next_ask_at"])
    withdraw(event_id=incident.event_id, by_id=by.pk, reason=reason, inherited_rung=INCIDENT.number)
    trail.wrote("incident.close", by=by.pk, record_id=record.pk, patient_id=record.patient_id, on=incident.pk)
    fact = IncidentClosed(incident_id=incident.pk, about_event_id=incident.event_id, reason=reason)
    publish(fact, id=new_id(), to=audience(record, fact, by=by.pk))
    return incident


def due_incidents() -> "QuerySet[Incident]":
    """Open incidents whose owner must be asked again."""
    return Incident.objects.filter(closed_at=None, next_ask_at__lte=now()).order_by("next_ask_at")


def _tell(record: CareRecord, row: Delivery, rung: Rung, reached: UUID) -> None:
    trail.wrote("obligation.escalate", by=reached, record_id=record.pk, patient_id=record.patient_id, on=row.event_id)
    assert row.due_at is not None  # the row is open
    fact = ObligationEscalated(
        about_event_id=row.event_id,
        about_type=row.event.type,
        person_id=row.person_id,
        person_name=row.person.name,
        rung=rung.name,
        due_at=row.due_at,
    )
    publish(fact, id=new_id(), to=audience(record, fact, by=None, addressed=reached))


def _open_incident(record: CareRecord, row: Delivery, owner: UUID) -> None:
    """One open for an event: who falls silent on it later joins the incident that is there."""
    if Incident.objects.filter(event_id=row.event_id, closed_at=None).exists():
        return
    incident = Incident.objects.create(
        event_id=row.event_id, record=record, owner_id=owner, next_ask_at=now() + ASK_AGAIN
    )
    Dispatch.objects.create(incident=incident, person_id=owner)
    trail.wrote("incident.open", by=owner, record_id=record.pk, patient_id=record.patient_id, on=incident.pk)
    fact = IncidentOpened(
        incident_id=incident.pk,
        about_event_id=row.event_id,
        about_type=row.event.type,
        owner_id=owner,
        owner_name=Person.objects.values_list("name", flat=True).get(pk=owner),
    )
    publish(fact, id=new_id(), to=audience(record, fact, by=None))


def _admins(record: CareRecord) -> set[UUID]:
    rows = PractitionerRole.objects.filter(
        organization_id=record.managing_organization_id,
        code=Role.ORGANIZATION_ADMIN,
        ended_at=None,
        person__is_active=True,
    )
    return set(rows.values_list("person_id", flat=True))
