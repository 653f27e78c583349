"""Climb the rungs of silent obligations; open the incident at the ladder's end."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, cast
from uuid import UUID

from django.db import OperationalError, connection, transaction
from psycopg.errors import LockNotAvailable

from carehub.access.audience import audience
from carehub.audit import trail
from carehub.core.clock import now
from carehub.core.failpoints import fail_point
from carehub.core.ids import new_id
from carehub.directory.models import CareRecord, Person
from carehub.events.catalogue import IncidentOpened, ObligationEscalated, Priority
from carehub.events.models import Delivery
from carehub.events.obligations import lock_inboxes
from carehub.events.publish import publish

from .. import climbing, notices
from ..climbing import Climb, Climbed, Key
from ..ladder import INCIDENT, UNDELIVERED
from ..models import Escalation, Incident
from ..notices import Notice
from ..overseers import ring_overseers
from .incidents import ASK_AGAIN

if TYPE_CHECKING:
    from carehub.events.audience import Audience


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
