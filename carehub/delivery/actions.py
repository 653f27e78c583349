"""Climb the rungs of silent obligations; open, re-ask and close the incident at the ladder's end."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, cast
from uuid import UUID

from django.db import OperationalError, connection, transaction
from django.db.models import QuerySet
from psycopg.errors import LockNotAvailable

from carehub.access.audience import audience
from carehub.access.capabilities import Capability
from carehub.access.policy import lock_to_change
from carehub.audit import trail
from carehub.core.clock import now
from carehub.core.errors import Conflict, NotVisible
from carehub.core.failpoints import fail_point
from carehub.core.ids import new_id
from carehub.directory.models import CareRecord, Membership, Person, PractitionerRole, Role
from carehub.events.catalogue import IncidentClosed, IncidentOpened, ObligationEscalated, Priority
from carehub.events.models import Delivery
from carehub.events.obligations import lock_inboxes, withdraw
from carehub.events.publish import publish

from . import climbing, notices
from .climbing import Climb, Climbed, Key
from .ladder import INCIDENT, UNDELIVERED
from .models import Escalation, Incident
from .notices import Notice
from .overseers import ring_overseers

if TYPE_CHECKING:
    from carehub.events.audience import Audience

ASK_AGAIN = timedelta(days=1)


class IncidentIsClosed(Conflict):
    code, title = "incident-closed", "Closed already"


@transaction.atomic
def climb_due(*, record_id: UUID, but: Collection[Key] = (), patience: timedelta = timedelta()) -> Climbed | None:
    """Climb the next rung of each of a record's due rows, a batch at most, but for the rows in `but`.

    None when somebody else holds the record, and still does after `patience`.
    """
    record = _hold(record_id, patience)
    return _climb(record, climbing.due_rows(record_id, but=but)) if record else None


@transaction.atomic
def climb(*, record_id: UUID, person_id: UUID, event_id: UUID) -> Escalation | None:
    """Climb the next rung of this one delivery; None when it is not due, or somebody else holds the record."""
    record = _hold(record_id)
    if record is None:
        return None
    row = climbing.of_record(record_id).filter(person_id=person_id, event_id=event_id)
    return next(iter(_climb(record, list(row)).escalations), None)


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


def _hold(record_id: UUID, patience: timedelta = timedelta()) -> CareRecord | None:
    """The record, locked; None when it is held by somebody else for longer than `patience`."""
    if not patience:
        return CareRecord.objects.lock_if_free(record_id)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = {patience // timedelta(milliseconds=1)}")
            record = CareRecord.objects.lock(record_id)
            cursor.execute("SET LOCAL lock_timeout TO DEFAULT")
            return record
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable):
            return None
        raise


def _climb(record: CareRecord, rows: Sequence[Delivery]) -> Climbed:
    """Climb one rung of each row: whom it reaches is decided now, and those who are told are locked before the rows.

    Two sweepers never climb the same rung: the record's lock orders them, and the rung's unique key holds.
    """
    climbs = climbing.plan(record, rows)
    to = _audiences(record, climbs)
    if to:
        lock_inboxes(a.person_id for told in to.values() for a in told.recipients())
    arrived = climbing.move_on(climbs) if climbs else {}
    climbs = [c for c in climbs if c.key in arrived and not (c.rung is UNDELIVERED and arrived[c.key])]
    if not climbs:
        return Climbed(len(arrived), [])
    fail_point("mid_escalation")
    escalations = Escalation.objects.bulk_create(_escalation(c) for c in climbs)
    ring_overseers([record.pk])
    notices.queue(
        [
            Notice(person_id, cast(Priority, c.row.priority), escalation=escalation)
            for c, escalation in zip(climbs, escalations, strict=True)
            if c.rung is not INCIDENT
            for person_id in c.everybody
        ]
    )
    for c in climbs:
        for person_id in c.told if c.rung is not INCIDENT else ():
            _tell(record, c, person_id, to[False, person_id])
    _open_incidents(record, [c for c in climbs if c.rung is INCIDENT], to)
    return Climbed(len(arrived), escalations)


def _audiences(record: CareRecord, climbs: Sequence[Climb]) -> dict[tuple[bool, UUID], Audience]:
    """Who must know what the ladder says: the same for every rung that reaches the same person, incident or not."""
    to: dict[tuple[bool, UUID], Audience] = {}
    for c in climbs:
        for person_id in c.told:
            whom = (c.rung is INCIDENT, person_id)
            if whom not in to:
                fact = _opened(c, new_id(), "") if c.rung is INCIDENT else _escalated(c)
                to[whom] = audience(record, fact, by=None, addressed=person_id)
    return to


def _escalation(c: Climb) -> Escalation:
    return Escalation(
        event_id=c.row.event_id,
        person_id=c.row.person_id,
        round=c.row.round,
        rung=c.rung.number,
        name=c.rung.name,
        to_person_id=c.reached,
        channel="inbox and notice" if c.told else "notice",
        result="queued",
    )


def _escalated(c: Climb) -> ObligationEscalated:
    assert c.row.due_at is not None  # the row is open
    return ObligationEscalated(
        about_event_id=c.row.event_id,
        about_type=c.row.event.type,
        person_id=c.row.person_id,
        person_name=c.row.person.name,
        rung=c.rung.name,
        due_at=c.row.due_at,
    )


def _opened(c: Climb, incident_id: UUID, owner_name: str) -> IncidentOpened:
    return IncidentOpened(
        incident_id=incident_id,
        about_event_id=c.row.event_id,
        about_type=c.row.event.type,
        owner_id=c.reached,
        owner_name=owner_name,
    )


def _tell(record: CareRecord, c: Climb, reached: UUID, to: Audience) -> None:
    trail.wrote("obligation.escalate", by=reached, record_id=record.pk, patient_id=record.patient_id, on=c.row.event_id)
    publish(_escalated(c), id=new_id(), to=to)


def _open_incidents(record: CareRecord, climbs: Sequence[Climb], to: Mapping[tuple[bool, UUID], Audience]) -> None:
    """One open for an event: who falls silent on it later joins the incident that is there."""
    if not climbs:
        return
    first = {c.row.event_id: c for c in reversed(climbs)}
    there = set(Incident.objects.filter(event_id__in=first, closed_at=None).values_list("event_id", flat=True))
    names = dict(Person.objects.filter(pk__in={c.reached for c in climbs}).values_list("pk", "name"))
    asked_at = now() + ASK_AGAIN
    opened: list[Notice] = []
    for c in sorted(first.values(), key=climbs.index):
        if c.row.event_id in there:
            continue
        incident = Incident.objects.create(event=c.row.event, record=record, owner_id=c.reached, next_ask_at=asked_at)
        opened.append(Notice.of_incident(incident, c.reached))
        trail.wrote("incident.open", by=c.reached, record_id=record.pk, patient_id=record.patient_id, on=incident.pk)
        publish(_opened(c, incident.pk, names[c.reached]), id=new_id(), to=to[True, c.reached])
    notices.queue(opened)


def _admins(record: CareRecord) -> set[UUID]:
    rows = PractitionerRole.objects.filter(
        organization_id=record.managing_organization_id,
        code=Role.ORGANIZATION_ADMIN,
        ended_at=None,
        person__is_active=True,
    )
    return set(rows.values_list("person_id", flat=True))
