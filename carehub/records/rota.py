"""Read the rota: shifts, absences, and who covers an organization's roles at a time."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q

from carehub.access.capabilities import Capability
from carehub.access.policy import find_organization, roles_beside
from carehub.core.clock import now
from carehub.core.errors import InvalidInput, NotAllowed, NotVisible
from carehub.directory.models import Organization, Person, PractitionerRole, Role

from .actions.cover import may_keep
from .actions.places import ABLE
from .coverage import Coverage
from .intervals import Interval
from .models import Absence, CoverGap, Shift

GAPS_WITHIN = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Present:
    """Somebody who is on duty or on call, and until when."""

    person: Person
    until: datetime


@dataclass(frozen=True, slots=True)
class RoleCover:
    """Who covers one role at an organization at one time, and who works there in it and is away."""

    role: Role
    on_duty: Sequence[Present]
    on_call: Sequence[Present]
    away: Sequence[Absence]


@dataclass(frozen=True, slots=True)
class OrganizationCover:
    """Cover at one time, and the times within a window from then on in which nobody covers a role."""

    organization: Organization
    at: datetime
    until: datetime
    roles: Sequence[RoleCover]
    gaps: Sequence[tuple[Role, Interval]]
    employments: Sequence[PractitionerRole]
    coverage: Coverage


def shifts(
    *,
    by: Person,
    organization_id: UUID,
    role: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    after: UUID | None = None,
    limit: int = 50,
) -> list[Shift]:
    """The rota: shifts that are not cancelled and touch the time from `since` (now) on, by their beginning.

    Keyset: after the shift `after`. Raises NotVisible, NotAllowed, InvalidInput for an `after` that is none of them.
    """
    where = find_organization(by, Capability.COVER_READ, organization_id)
    rows = Shift.objects.filter(organization=where, cancelled_at=None, ends_at__gt=since or now())
    if role:
        rows = rows.filter(role=role)
    if until is not None:
        rows = rows.filter(starts_at__lt=until)
    if after is not None:
        edge = Shift.objects.filter(pk=after, organization=where).values_list("starts_at", flat=True).first()
        if edge is None:
            raise InvalidInput("`after` must be the id of a shift of this organization.", pointer="/after")
        rows = rows.filter(Q(starts_at__gt=edge) | Q(starts_at=edge, pk__gt=after))
    return list(rows.select_related("person").order_by("starts_at", "pk")[:limit])


def get_shift(*, by: Person, organization_id: UUID, shift_id: UUID) -> Shift:
    """One shift, cancelled or not. Raises NotVisible, NotAllowed."""
    where = find_organization(by, Capability.COVER_READ, organization_id)
    found = Shift.objects.select_related("person").filter(pk=shift_id, organization=where).first()
    if found is None:
        raise NotVisible()
    return found


def absences(*, by: Person, person_id: UUID | None = None, after: UUID | None = None, limit: int = 50) -> list[Absence]:
    """Absences that are not over, by their beginning; one's own, or another's for who keeps the rota where he works.

    Keyset: after the absence `after`. Raises NotVisible, NotAllowed, InvalidInput for an `after` that is none of them.
    """
    whose = person_id or by.pk
    _may_read(by, whose)
    rows = Absence.objects.filter(person_id=whose, cancelled_at=None, ends_at__gt=now())
    if after is not None:
        edge = Absence.objects.filter(pk=after, person_id=whose).values_list("starts_at", flat=True).first()
        if edge is None:
            raise InvalidInput("`after` must be the id of an absence of this person.", pointer="/after")
        rows = rows.filter(Q(starts_at__gt=edge) | Q(starts_at=edge, pk__gt=after))
    return list(rows.select_related("person", "delegate").order_by("starts_at", "pk")[:limit])


def get_absence(*, by: Person, absence_id: UUID) -> Absence:
    """One absence, cancelled or not. Raises NotVisible, NotAllowed."""
    found = Absence.objects.select_related("person", "delegate").filter(pk=absence_id).first()
    if found is None:
        raise NotVisible()
    _may_read(by, found.person_id)
    return found


def colleague(*, by: Person, person_id: UUID) -> Person:
    """Somebody, active or not, who works where I work. Raises NotVisible."""
    if not roles_beside(by.pk, person_id):
        raise NotVisible()
    return Person.objects.get(pk=person_id)


def also_away(rows: Sequence[Absence]) -> set[UUID]:
    """Those of these absences whose delegate is away in part of that time, too, and names nobody."""
    delegates = {row.delegate_id for row in rows if row.delegate_id}
    theirs: dict[UUID, list[Absence]] = defaultdict(list)
    for other in Absence.objects.filter(person_id__in=delegates, delegate=None, cancelled_at=None):
        theirs[other.person_id].append(other)
    return {
        row.pk
        for row in rows
        if row.delegate_id
        and any(o.starts_at < row.ends_at and o.ends_at > row.starts_at for o in theirs[row.delegate_id])
    }


def cover_at(
    *, by: Person, organization_id: UUID, at: datetime | None = None, within: timedelta = GAPS_WITHIN
) -> OrganizationCover:
    """Who is on duty, on call and away in each role, and where nobody covers a role within that time.

    Raises NotVisible, NotAllowed. A constant number of statements, whatever the organization's size.
    """
    where = find_organization(by, Capability.COVER_READ, organization_id)
    moment = at or now()
    employments = list(
        PractitionerRole.objects.filter(organization=where, ended_at=None, code__in=ABLE, person__is_active=True)
        .select_related("person")
        .order_by("person__name", "person_id")
    )
    coverage = Coverage.load(
        (moment, moment + within), people={e.person_id for e in employments}, organizations=[where.pk]
    )
    roles = [role for role in Role if any(e.code == role for e in employments)]
    return OrganizationCover(
        organization=where,
        at=moment,
        until=moment + within,
        roles=[_role_cover(where, role, employments, coverage, moment) for role in roles],
        gaps=[(role, gap) for role in roles for gap in _gaps(where, role, employments, coverage)],
        employments=employments,
        coverage=coverage,
    )


def told_gaps(*, by: Person, organization_id: UUID, until: datetime) -> Sequence[tuple[str, datetime, datetime | None]]:
    """Role, beginning and end of what care managers were told nobody covers, on teams of this organization's records.

    Without record or patient; what begins before `until` and is not over. Raises NotVisible, NotAllowed.
    """
    where = find_organization(by, Capability.COVER_READ, organization_id)
    gaps = CoverGap.objects.filter(record__managing_organization=where, record__status="active", starts_at__lt=until)
    gaps = gaps.filter(Q(ends_at=None) | Q(ends_at__gt=now()))
    return list(gaps.order_by("starts_at", "role").values_list("role", "starts_at", "ends_at").distinct())


def _may_read(by: Person, person_id: UUID) -> None:
    if person_id != by.pk and not may_keep(by, person_id):
        raise NotAllowed(
            "Absences of others are read by a coordinator or admin of an organization where they work.",
            capability=Capability.COVER_MANAGE.value,
        )


def _role_cover(
    where: Organization, role: Role, employments: Sequence[PractitionerRole], coverage: Coverage, moment: datetime
) -> RoleCover:
    people = {e.person_id: e.person for e in employments if e.code == role}

    def present(kind: str) -> list[Present]:
        running = coverage.on(kind, role, moment)
        return [
            Present(people[shift.person_id], shift.ends_at)
            for shift in running
            if shift.person_id in people and shift.organization_id == where.pk
        ]

    away = (coverage.absence_at(person_id, moment) for person_id in people)
    return RoleCover(
        role=role,
        on_duty=present(Shift.Kind.DUTY),
        on_call=present(Shift.Kind.ON_CALL),
        away=[absence for absence in away if absence is not None],
    )


def _gaps(
    where: Organization, role: Role, employments: Sequence[PractitionerRole], coverage: Coverage
) -> list[Interval]:
    people = [e.person_id for e in employments if e.code == role]
    return coverage.uncovered(role, holders=people, organization_id=where.pk, stand_ins=people)
