"""Notices to people outside CareHub: by which ways, in which order, and not before when.

What is asap or stat goes to a person's gateways first, in the order of their ranks, and then by mail; what is urgent or
routine by mail first. stat goes by all of them at once. The next way is a new row, queued when the one before it has
failed. All of it is our own proposal.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from carehub.core.clock import now
from carehub.core.ids import new_id
from carehub.core.zones import zone_or_utc
from carehub.directory.models import Person, PractitionerRole
from carehub.events.catalogue import Priority

from .hours import DIGEST_AT, DIGESTED, Hours, may_leave_at
from .models import MAIL, Channel, ContactPoint, Dispatch, Escalation, Incident

GATEWAYS_FIRST: frozenset[Priority] = frozenset({"asap", "stat"})
ALL_AT_ONCE: frozenset[Priority] = frozenset({"stat"})

PASSES_ON_AFTER = timedelta(minutes=20)
"""How long a notice waits behind a failing channel for its first attempt before the next way is tried."""

_Reason = tuple[UUID | None, UUID | None, int, UUID]
"""Escalation, incident, round and person: what all ways of one notice share."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Somebody must look: because of a rung, or of an open incident, for the `round`th time."""

    person_id: UUID
    priority: Priority
    escalation: Escalation | None = None
    incident: Incident | None = None
    round: int = 0

    @classmethod
    def of_incident(cls, incident: Incident, person_id: UUID) -> "Notice":
        """An incident is never routine, whatever it is about: somebody must take charge today."""
        priority = cast(Priority, incident.event.priority)
        return cls(person_id, "urgent" if priority == "routine" else priority, incident=incident, round=incident.asks)


@dataclass(frozen=True, slots=True)
class Way:
    """One way to a person: the mail server, or a contact point at a gateway."""

    transport: str
    channel_id: UUID
    contact_point_id: UUID | None


BY_MAIL = Way(Channel.Transport.MAIL, MAIL, None)


def queue(notices: Sequence[Notice]) -> list[Dispatch]:
    """Queue these notices, each by its first way (stat: by all). Four statements, however many there are.

    The same notice a second time is no second row.
    """
    if not notices:
        return []
    people = {notice.person_id for notice in notices}
    ways, hours, at = ways_of(people), hours_of(people), now()
    rows: list[Dispatch] = []
    for notice in notices:
        leaves_at = may_leave_at(at, priority=notice.priority, hours=hours[notice.person_id])
        order = in_order(notice.priority, ways[notice.person_id])
        first = order if notice.priority in ALL_AT_ONCE else order[:1]
        rows.extend(_row(notice, way, leaves_at) for way in first)
    return Dispatch.objects.bulk_create(rows, ignore_conflicts=True)


def queue_test(person_id: UUID, point: ContactPoint) -> Dispatch:
    """One notice through a gateway, to see whether it arrives; nothing follows when it does not."""
    return Dispatch.objects.create(
        is_test=True,
        person_id=person_id,
        transport=Channel.Transport.WEBHOOK,
        channel_id=point.gateway.channel_id,
        contact_point=point,
        priority="urgent",
    )


def next_ways(rows: Sequence[Dispatch]) -> dict[UUID, Way]:
    """The way after each of these, by row; rows after which there is none are left out. Two statements."""
    if not rows:
        return {}
    ways, siblings = ways_of({row.person_id for row in rows}), _siblings(rows)
    found = {}
    for row in rows:
        tried = {sibling.contact_point_id for sibling in siblings[_reason(row)]}
        priority = cast(Priority, row.priority)
        left = [way for way in in_order(priority, ways[row.person_id]) if way.contact_point_id not in tried]
        if left and not row.is_test:
            found[row.pk] = left[0]
    return found


def pass_on(failed: Sequence[Dispatch], following: Mapping[UUID, Way]) -> None:
    """Queue the next way of notices that failed, at once; a rung of which every way has failed says so."""
    at = now()
    rows = [_after(row, following[row.pk], at) for row in failed if row.pk in following]
    Dispatch.objects.bulk_create(rows, ignore_conflicts=True)
    rungs = [row.escalation_id for row in failed if row.escalation_id]
    others = Dispatch.objects.filter(escalation=OuterRef("pk")).exclude(state=Dispatch.State.FAILED)
    Escalation.objects.filter(~Exists(others), pk__in=rungs).update(result="failed")


def in_order(priority: Priority, ways: Sequence[Way]) -> list[Way]:
    """The ways to one person, the first first; contact points stay in the order of their ranks."""
    others = [way for way in ways if way != BY_MAIL]
    return [*others, BY_MAIL] if priority in GATEWAYS_FIRST else [BY_MAIL, *others]


def ways_of(people: Collection[UUID]) -> dict[UUID, list[Way]]:
    """Mail, and each contact point at an open gateway of an organization where the person works. One statement."""
    found: dict[UUID, list[Way]] = defaultdict(lambda: [BY_MAIL])
    for point in usable_points().filter(person_id__in=people).order_by("rank", "id"):
        found[point.person_id].append(Way(Channel.Transport.WEBHOOK, point.gateway.channel_id, point.pk))
    return found


def usable_points() -> "QuerySet[ContactPoint]":
    """Contact points that were not removed, at gateways that are open, of people who still work there."""
    works_there = PractitionerRole.objects.filter(
        person_id=OuterRef("person_id"), organization_id=OuterRef("gateway__organization_id"), ended_at=None
    )
    return ContactPoint.objects.filter(Exists(works_there), removed_at=None, gateway__closed_at=None).select_related(
        "gateway"
    )


def hours_of(people: Collection[UUID]) -> dict[UUID, Hours]:
    """What each chose, or the defaults, in his own time zone. One statement.

    By UTC where that zone is unknown here: a rung must not fail because of it.
    """
    fields = ("pk", "time_zone", "preference__quiet_from", "preference__quiet_until", "preference__digest_at")
    return {
        id: Hours(zone_or_utc(zone), begin, end, digest or DIGEST_AT)
        for id, zone, begin, end, digest in Person.objects.filter(pk__in=people).values_list(*fields)
    }


def _row(notice: Notice, way: Way, leaves_at: datetime) -> Dispatch:
    return Dispatch(
        id=new_id(),
        escalation=notice.escalation,
        incident=notice.incident,
        round=notice.round,
        person_id=notice.person_id,
        transport=way.transport,
        channel_id=way.channel_id,
        contact_point_id=way.contact_point_id,
        priority=notice.priority,
        is_digest=notice.priority in DIGESTED,
        next_attempt_at=leaves_at,
        passes_on_at=leaves_at + PASSES_ON_AFTER,
    )


def _after(row: Dispatch, way: Way, at: datetime) -> Dispatch:
    return Dispatch(
        id=new_id(),
        escalation_id=row.escalation_id,
        incident_id=row.incident_id,
        round=row.round,
        person_id=row.person_id,
        transport=way.transport,
        channel_id=way.channel_id,
        contact_point_id=way.contact_point_id,
        priority=row.priority,
        is_digest=row.is_digest,
        next_attempt_at=at,
        passes_on_at=at + PASSES_ON_AFTER,
    )


def _reason(row: Dispatch) -> _Reason:
    return row.escalation_id, row.incident_id, row.round, row.person_id


def _siblings(rows: Iterable[Dispatch]) -> dict[_Reason, list[Dispatch]]:
    """Every way that was tried for the same reasons."""
    escalations = {row.escalation_id for row in rows if row.escalation_id}
    incidents = {row.incident_id for row in rows if row.incident_id}
    found: dict[_Reason, list[Dispatch]] = defaultdict(list)
    same = Dispatch.objects.filter(Q(escalation_id__in=escalations) | Q(incident_id__in=incidents))
    for row in same.only("escalation_id", "incident_id", "round", "person_id", "contact_point_id"):
        found[_reason(row)].append(row)
    return found
