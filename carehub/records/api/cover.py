from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from carehub.core.errors import InvalidInput
from carehub.core.fields import Limit, LongText
from carehub.core.idempotency import Made
from carehub.core.rest import Call, Endpoint, Struct, reads, writes
from carehub.directory.models import Person, Role
from carehub.directory.wire import PersonOut, person_out

from .. import actions, rota
from ..models import Absence, Shift
from ..times import LOCAL

OWN = "own absences"

Local = Annotated[
    str,
    Meta(
        pattern=LOCAL,
        description="A local time in `time_zone`: 2026-10-25T18:00; with its offset where that hour exists twice.",
    ),
]
Zone = Annotated[str, Meta(min_length=1, max_length=64, description="An IANA name: Europe/Berlin")]
Instant = Annotated[datetime, Meta(tz=True)]


class AddShift(Struct):
    person_id: UUID
    role: str
    kind: Annotated[str, Meta(description="duty or on-call")]
    starts: Local
    ends: Local
    time_zone: Zone


class CancelShift(Struct):
    """Takes nothing."""


class ComeBack(Struct):
    """Takes nothing."""


class ShiftOut(Struct):
    id: UUID
    person: PersonOut
    role: str
    kind: str
    starts_at: datetime
    ends_at: datetime
    time_zone: str
    cancelled_at: datetime | None


class ShiftQuery(Struct):
    role: str = ""
    since: Instant | None = msgspec.field(default=None, name="from")
    until: Instant | None = None
    after: UUID | None = None
    limit: Limit = 50


class ShiftPage(Struct):
    results: list[ShiftOut]
    next: UUID | None


class GoAway(Struct):
    starts: Local
    ends: Local
    time_zone: Zone
    delegate_id: UUID | None = None
    person_id: UUID | None = None


class AbsenceOut(Struct):
    id: UUID
    person: PersonOut
    delegate: PersonOut | None
    starts_at: datetime
    ends_at: datetime
    time_zone: str
    cancelled_at: datetime | None
    notice: str


class AbsenceQuery(Struct):
    person_id: UUID | None = None
    after: UUID | None = None
    limit: Limit = 50


class AbsencePage(Struct):
    results: list[AbsenceOut]
    next: UUID | None


class PresentOut(Struct):
    person: PersonOut
    until: datetime


class AwayOut(Struct):
    person: PersonOut
    until: datetime
    delegate: PersonOut | None


class RoleCoverOut(Struct):
    role: str
    role_label: str
    on_duty: list[PresentOut]
    on_call: list[PresentOut]
    away: list[AwayOut]


class GapOut(Struct):
    role: str
    starts_at: datetime
    ends_at: datetime | None


class CoverOut(Struct):
    at: datetime
    roles: list[RoleCoverOut]
    gaps: list[GapOut]


class CoverQuery(Struct):
    at: Instant | None = None


class DeactivatePerson(Struct):
    reason: LongText
    successor_id: UUID | None = None


class DeactivatedOut(Struct):
    id: UUID
    name: str
    is_active: bool


class OrganizationCover(Endpoint):
    @reads(
        "Who covers an organization's roles, and where nobody does",
        takes=CoverQuery,
        gives=CoverOut,
        capability="cover.read",
    )
    def get(self, request: Call, organization_id: UUID, params: CoverQuery) -> CoverOut:
        found = rota.cover_at(by=request.user, organization_id=organization_id, at=params.at)
        return CoverOut(
            at=found.at,
            roles=[_role_cover(row) for row in found.roles],
            gaps=[
                GapOut(role=role, starts_at=start, ends_at=end if end < found.until else None)
                for role, (start, end) in found.gaps
            ],
        )


class Shifts(Endpoint):
    @reads("The rota", takes=ShiftQuery, gives=ShiftPage, capability="cover.read")
    def get(self, request: Call, organization_id: UUID, params: ShiftQuery) -> ShiftPage:
        if params.role and params.role not in Role.values:
            raise InvalidInput(f"Unknown role. Roles: {', '.join(Role.values)}.", pointer="/role")
        rows = rota.shifts(
            by=request.user,
            organization_id=organization_id,
            role=params.role,
            since=params.since,
            until=params.until,
            after=params.after,
            limit=params.limit,
        )
        return ShiftPage(results=[_shift(row) for row in rows], next=rows[-1].pk if len(rows) == params.limit else None)

    @writes("Put somebody on the rota", takes=AddShift, gives=ShiftOut, capability="cover.manage")
    def post(self, request: Call, organization_id: UUID, body: AddShift) -> Made:
        shift = actions.add_shift(
            by=request.user,
            organization_id=organization_id,
            person_id=body.person_id,
            role=body.role,
            kind=body.kind,
            starts=body.starts,
            ends=body.ends,
            time_zone=body.time_zone,
        )
        return {"shift": str(shift.pk)}

    def show(self, request: Call, made: Made, organization_id: UUID) -> ShiftOut:
        return _shown_shift(request.user, organization_id, made)


class ShiftCancellation(Endpoint):
    @writes("Take a shift off the rota", takes=CancelShift, gives=ShiftOut, capability="cover.manage", status=200)
    def post(self, request: Call, organization_id: UUID, shift_id: UUID, body: CancelShift) -> Made:
        shift = actions.cancel_shift(by=request.user, organization_id=organization_id, shift_id=shift_id)
        return {"shift": str(shift.pk)}

    def show(self, request: Call, made: Made, organization_id: UUID, shift_id: UUID) -> ShiftOut:
        return _shown_shift(request.user, organization_id, made)


class Absences(Endpoint):
    @reads("When I am away", takes=AbsenceQuery, gives=AbsencePage, capability=OWN)
    def get(self, request: Call, params: AbsenceQuery) -> AbsencePage:
        rows = rota.absences(by=request.user, person_id=params.person_id, after=params.after, limit=params.limit)
        alone = rota.also_away(rows)
        return AbsencePage(
            results=[_absence(row, is_alone=row.pk in alone) for row in rows],
            next=rows[-1].pk if len(rows) == params.limit else None,
        )

    @writes("Be away, with or without a delegate", takes=GoAway, gives=AbsenceOut, capability=OWN)
    def post(self, request: Call, body: GoAway) -> Made:
        absence = actions.go_away(
            by=request.user,
            person_id=body.person_id or request.user.pk,
            starts=body.starts,
            ends=body.ends,
            time_zone=body.time_zone,
            delegate_id=body.delegate_id,
        )
        return {"absence": str(absence.pk)}

    def show(self, request: Call, made: Made) -> AbsenceOut:
        return _shown_absence(request.user, made)


class AbsenceCancellation(Endpoint):
    @writes("Be back, or not go at all", takes=ComeBack, gives=AbsenceOut, capability=OWN, status=200)
    def post(self, request: Call, absence_id: UUID, body: ComeBack) -> Made:
        absence = actions.come_back(by=request.user, absence_id=absence_id)
        return {"absence": str(absence.pk)}

    def show(self, request: Call, made: Made, absence_id: UUID) -> AbsenceOut:
        return _shown_absence(request.user, made)


class Deactivation(Endpoint):
    @writes(
        "End somebody's access altogether",
        takes=DeactivatePerson,
        gives=DeactivatedOut,
        capability="person.deactivate",
        status=200,
    )
    def post(self, request: Call, person_id: UUID, body: DeactivatePerson) -> Made:
        person = actions.deactivate_person(
            by=request.user, person_id=person_id, reason=body.reason, successor_id=body.successor_id
        )
        return {"person": str(person.pk)}

    def show(self, request: Call, made: Made, person_id: UUID) -> DeactivatedOut:
        person = rota.colleague(by=request.user, person_id=person_id)
        return DeactivatedOut(id=person.pk, name=person.name, is_active=person.is_active)


def _role_cover(row: rota.RoleCover) -> RoleCoverOut:
    return RoleCoverOut(
        role=row.role,
        role_label=row.role.label,
        on_duty=[PresentOut(person=person_out(p.person), until=p.until) for p in row.on_duty],
        on_call=[PresentOut(person=person_out(p.person), until=p.until) for p in row.on_call],
        away=[AwayOut(person=person_out(a.person), until=a.ends_at, delegate=_person(a.delegate)) for a in row.away],
    )


def _person(person: Person | None) -> PersonOut | None:
    return person_out(person) if person else None


def _shown_shift(by: Person, organization_id: UUID, made: Made) -> ShiftOut:
    return _shift(rota.get_shift(by=by, organization_id=organization_id, shift_id=UUID(str(made["shift"]))))


def _shift(row: Shift) -> ShiftOut:
    return ShiftOut(
        id=row.pk,
        person=person_out(row.person),
        role=row.role,
        kind=row.kind,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        time_zone=row.time_zone,
        cancelled_at=row.cancelled_at,
    )


def _shown_absence(by: Person, made: Made) -> AbsenceOut:
    row = rota.get_absence(by=by, absence_id=UUID(str(made["absence"])))
    return _absence(row, is_alone=row.pk in rota.also_away([row]))


def _absence(row: Absence, *, is_alone: bool) -> AbsenceOut:
    notice = (
        f"{row.delegate.name} is away, too, in part of that time and names nobody." if is_alone and row.delegate else ""
    )
    return AbsenceOut(
        id=row.pk,
        person=person_out(row.person),
        delegate=_person(row.delegate),
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        time_zone=row.time_zone,
        cancelled_at=row.cancelled_at,
        notice=notice,
    )
