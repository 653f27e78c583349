"""Ask an open incident's owner again, and close it with a reason."""

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from carehub.access.audience import audience
from carehub.access.capabilities import Capability
from carehub.access.policy import lock_to_change
from carehub.audit import trail
from carehub.core.clock import now
from carehub.core.errors import Conflict, NotVisible
from carehub.core.ids import new_id
from carehub.directory.models import CareRecord, Membership, Person, PractitionerRole, Role
from carehub.events.catalogue import IncidentClosed
from carehub.events.obligations import withdraw
from carehub.events.publish import publish

from .. import notices
from ..ladder import INCIDENT
from ..models import Incident
from ..notices import Notice

ASK_AGAIN = timedelta(days=1)


class IncidentIsClosed(Conflict):
    code, title = "incident-closed", "Closed already"


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
    notices.queue([Notice.of_incident(incident, person_id) for person_id in sorted(asked)])
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


def due_incidents() -> QuerySet[Incident]:
    """Open incidents whose owner must be asked again."""
    return Incident.objects.filter(closed_at=None, next_ask_at__lte=now()).order_by("next_ask_at")


def _admins(record: CareRecord) -> set[UUID]:
    rows = PractitionerRole.objects.filter(
        organization_id=record.managing_organization_id,
        code=Role.ORGANIZATION_ADMIN,
        ended_at=None,
        person__is_active=True,
    )
    return set(rows.values_list("person_id", flat=True))
