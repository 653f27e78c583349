from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from msgspec import Meta

from carehub.core.fields import Limit, LongText
from carehub.core.idempotency import Made
from carehub.core.rest import Call, Endpoint, Struct, reads, writes
from carehub.directory.models import CareRecord, Role
from carehub.directory.wire import PersonOut, person_out
from carehub.events.wire import EventOut, event_out

from .. import actions, queries

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations

Purpose = Annotated[str, Meta(max_length=200)]


class MemberOut(Struct):
    id: UUID
    person: PersonOut
    role: str
    role_label: str
    purpose: str
    started_at: datetime
    is_care_manager: bool


class RecordOut(Struct):
    id: UUID
    title: str
    status: str
    patient: PersonOut
    managing_organization: str
    care_manager: PersonOut
    opened_at: datetime
    team: list[MemberOut]
    my_roles: list[str]
    my_capabilities: list[str]


class CaseloadRow(Struct):
    id: UUID
    title: str
    status: str
    patient: PersonOut
    open: int


class Caseload(Struct):
    results: list[CaseloadRow]
    next: UUID | None


class CaseloadQuery(Struct):
    after: UUID | None = None
    limit: Limit = 50


class TimelineQuery(Struct):
    before: UUID | None = None
    limit: Limit = 50
    type: str = ""


class Timeline(Struct):
    results: list[EventOut]
    next: UUID | None


class AddMember(Struct):
    person_id: UUID
    role: Annotated[str, Meta(description="One of the role codes of docs/permissions.md")]
    purpose: Purpose = ""


class EndMembership(Struct):
    reason: LongText
    successor_id: UUID | None = None


class MembershipOut(Struct):
    id: UUID
    person: PersonOut
    role: str
    purpose: str
    started_at: datetime
    ended_at: datetime | None


class Records(Endpoint):
    @reads("My caseload", takes=CaseloadQuery, gives=Caseload, capability="own records")
    def get(self, request: Call, params: CaseloadQuery) -> Caseload:
        page = queries.caseload(by=request.user, after=params.after, limit=params.limit)
        rows = [_row(record) for record in page]
        return Caseload(results=rows, next=rows[-1].id if len(rows) == params.limit else None)


class Record(Endpoint):
    @reads("A record and its team", gives=RecordOut, capability="record.read")
    def get(self, request: Call, record_id: UUID) -> RecordOut:
        opened = queries.open_one(by=request.user, record_id=record_id)
        record = opened.record
        return RecordOut(
            id=record.pk,
            title=record.title,
            status=record.status,
            patient=PersonOut(id=record.patient.pk, name=record.patient.name),
            managing_organization=record.managing_organization.name,
            care_manager=person_out(record.care_manager),
            opened_at=record.opened_at,
            team=[_member(member) for member in opened.team],
            my_roles=[role.value for role in opened.my_roles],
            my_capabilities=sorted(opened.my_capabilities),
        )


class RecordTimeline(Endpoint):
    @reads("What happened, as far as I was told", takes=TimelineQuery, gives=Timeline, capability="record.read")
    def get(self, request: Call, record_id: UUID, params: TimelineQuery) -> Timeline:
        page = queries.timeline(
            by=request.user,
            record_id=record_id,
            before=params.before,
            limit=params.limit,
            kinds=[params.type] if params.type else [],
        )
        return Timeline(
            results=[event_out(event) for event in page],
            next=page[-1].pk if len(page) == params.limit else None,
        )


class Members(Endpoint):
    @writes("Add somebody to the team", takes=AddMember, gives=MembershipOut, capability="team.manage")
    def post(self, request: Call, record_id: UUID, body: AddMember) -> Made:
        membership = actions.add_team_member(
            by=request.user,
            record_id=record_id,
            person_id=body.person_id,
            role=actions.role_of(body.role),
            purpose=body.purpose,
        )
        return {"membership": str(membership.pk)}

    def show(self, request: Call, made: Made, record_id: UUID) -> MembershipOut:
        return _membership(request, record_id, UUID(str(made["membership"])))


class MembershipEnd(Endpoint):
    @writes(
        "End a place on the team",
        takes=EndMembership,
        gives=MembershipOut,
        capability="team.manage",
        status=200,
    )
    def post(self, request: Call, record_id: UUID, membership_id: UUID, body: EndMembership) -> Made:
        membership = actions.end_membership(
            by=request.user,
            record_id=record_id,
            membership_id=membership_id,
            reason=body.reason,
            successor_id=body.successor_id,
        )
        return {"membership": str(membership.pk)}

    def show(self, request: Call, made: Made, record_id: UUID, membership_id: UUID) -> MembershipOut:
        return _membership(request, record_id, membership_id)


def _row(record: WithAnnotations[CareRecord, queries.OpenCount]) -> CaseloadRow:
    return CaseloadRow(
        id=record.pk,
        title=record.title,
        status=record.status,
        patient=PersonOut(id=record.patient.pk, name=record.patient.name),
        open=record.open_count,
    )


def _member(member: queries.TeamMember) -> MemberOut:
    row = member.membership
    return MemberOut(
        id=row.pk,
        person=person_out(row.person),
        role=row.role,
        role_label=Role(row.role).label,
        purpose=row.purpose,
        started_at=row.started_at,
        is_care_manager=member.is_care_manager,
    )


def _membership(request: Call, record_id: UUID, membership_id: UUID) -> MembershipOut:
    row = queries.get_membership(by=request.user, record_id=record_id, membership_id=membership_id)
    return MembershipOut(
        id=row.pk,
        person=person_out(row.person),
        role=row.role,
        purpose=row.purpose,
        started_at=row.started_at,
        ended_at=row.ended_at,
    )
