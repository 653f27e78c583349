"""Read records: the caseload, one record, its timeline. Opening content writes one line of the trail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from carehub.access.capabilities import Capability
from carehub.access.policy import capabilities_of, require, visible
from carehub.audit import trail
from carehub.core.errors import InvalidInput, NotVisible
from carehub.directory.models import CareRecord, Membership, Person, PractitionerRole, Role
from carehub.events.models import Delivery, Event

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations


class OpenCount(TypedDict):
    """What `caseload` adds to each record."""

    open_count: int


@dataclass(frozen=True, slots=True)
class TeamMember:
    """One active place on a team."""

    membership: Membership
    is_care_manager: bool


@dataclass(frozen=True, slots=True)
class OpenedRecord:
    """A record as one of its team sees it."""

    record: CareRecord
    team: Sequence[TeamMember]
    my_roles: Sequence[Role]
    my_capabilities: frozenset[Capability]


def get_record(*, by: Person, record_id: UUID, capability: Capability = Capability.RECORD_READ) -> CareRecord:
    """The record, with its patient, if this person may do this on it. Raises NotVisible, NotAllowed."""
    record = (
        visible(by, CareRecord.objects.all())
        .select_related("patient", "managing_organization", "care_manager")
        .filter(pk=record_id)
        .first()
    )
    if record is None:
        raise NotVisible()
    require(by, capability, record)
    return record


def open_one(*, by: Person, record_id: UUID) -> OpenedRecord:
    """A record with its team. Five queries, whatever the team's size."""
    record = get_record(by=by, record_id=record_id)
    rows = Membership.objects.filter(record=record, ended_at=None).select_related("person").order_by("started_at", "pk")
    team = [TeamMember(row, row.person_id == record.care_manager_id) for row in rows]
    roles = [Role(member.membership.role) for member in team if member.membership.person_id == by.pk]
    trail.read("record.read", by=by.pk, record_id=record.pk, patient_ids=[record.patient_id])
    is_care_manager = record.care_manager_id == by.pk
    return OpenedRecord(record, team, roles, capabilities_of(roles, is_care_manager=is_care_manager))


def caseload(
    *, by: Person, after: UUID | None = None, limit: int = 50
) -> QuerySet[WithAnnotations[CareRecord, OpenCount]]:
    """My records, newest first, each with `open_count`: my open obligations on it. Keyset: below the id `after`."""
    mine = Delivery.objects.filter(
        person=by, due_at__isnull=False, outcome=None, event__record_id=OuterRef("pk")
    ).order_by()
    counted = mine.values("event__record_id").annotate(total=Count("*")).values("total")
    rows = (
        visible(by, CareRecord.objects.all())
        .select_related("patient")
        .annotate(open_count=Coalesce(Subquery(counted), 0))
        .order_by("-id")
    )
    if after is not None:
        rows = rows.filter(pk__lt=after)
    page = rows[:limit]
    if page:
        trail.read("caseload.read", by=by.pk, patient_ids=[record.patient_id for record in page])
    return page


def timeline(
    *, by: Person, record_id: UUID, before: UUID | None = None, limit: int = 50, kinds: Sequence[str] = ()
) -> list[Event]:
    """What happened to a record as far as this person was told, newest first. Keyset: older than the event `before`.

    Raises NotVisible, NotAllowed, InvalidInput for a `before` that is not an event of this record's timeline.
    """
    record = get_record(by=by, record_id=record_id)
    rows = visible(by, Event.objects.filter(record=record)).select_related("author").order_by("-seq")
    if before is not None:
        edge = visible(by, Event.objects.filter(record=record, pk=before)).values_list("seq", flat=True).first()
        if edge is None:
            raise InvalidInput("`before` must be the id of an event of this timeline.", pointer="/before")
        rows = rows.filter(seq__lt=edge)
    if kinds:
        rows = rows.filter(Q(type__in=kinds))
    trail.read("timeline.read", by=by.pk, record_id=record.pk, patient_ids=[record.patient_id])
    return list(rows[:limit])


def get_membership(*, by: Person, record_id: UUID, membership_id: UUID) -> Membership:
    """One place on a team, current or ended, for those who see the record or whose own place it was."""
    row = Membership.objects.select_related("person").filter(pk=membership_id, record_id=record_id).first()
    if row is None or (row.person_id != by.pk and not visible(by, Membership.objects.filter(pk=row.pk)).exists()):
        raise NotVisible()
    return row


def candidates(*, by: Person, record_id: UUID) -> Sequence[PractitionerRole]:
    """Whom I could add to this team: everybody who works in some role and does not hold it here yet, by name.

    Raises NotVisible, NotAllowed.
    """
    record = get_record(by=by, record_id=record_id, capability=Capability.TEAM_MANAGE)
    held = Membership.objects.filter(
        record=record, ended_at=None, person_id=OuterRef("person_id"), role=OuterRef("code")
    )
    rows = PractitionerRole.objects.filter(ended_at=None, person__is_active=True).exclude(Exists(held))
    return list(rows.select_related("person", "organization").order_by("person__name", "code"))
