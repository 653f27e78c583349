from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from msgspec import Meta

from carehub.core.clock import now
from carehub.core.fields import Limit
from carehub.core.rest import Call, Endpoint, Struct, reads
from carehub.delivery.keyset import make_key, parse_key
from carehub.delivery.ladder import next_step
from carehub.delivery.queries import state_of
from carehub.events.catalogue import Priority
from carehub.events.models import Delivery
from carehub.events.wire import shown_type

from .queries import interruptions, times
from .queries.times import Stage
from .queries.uncommunicated import Climbed, Only, rungs, totals, uncommunicated
from .words import why

Moment = Annotated[datetime, Meta(tz=True)]


class UncommunicatedQuery(Struct):
    after: Annotated[str, Meta(max_length=200)] | None = None
    limit: Limit = 50
    overdue: bool = False
    record: UUID | None = None
    person: UUID | None = None
    organization: UUID | None = None
    priority: Priority | None = None


class ClimbedRung(Struct):
    at: datetime
    rung: str
    to_id: UUID | None
    to: str
    channel: str
    result: str


class UncommunicatedRow(Struct):
    event_id: UUID
    event_type: str
    priority: str
    record_id: UUID
    patient: str
    person_id: UUID
    person: str
    obligation: str
    ground: str
    why: str
    state: str
    since: datetime
    age_seconds: int
    due_at: datetime | None
    next_rung_at: datetime | None
    next_rung: str
    rungs_climbed: int
    rungs: list[ClimbedRung]


class UncommunicatedTotals(Struct):
    open: int
    overdue: int
    incidents: int


class UncommunicatedList(Struct):
    results: list[UncommunicatedRow]
    totals: UncommunicatedTotals
    next: str | None


class ReportQuery(Struct):
    organization: UUID | None = None
    since: Moment | None = None
    until: Moment | None = None


class StageOut(Struct):
    n: int
    open: int
    p50: float | None
    p90: float | None
    p99: float | None


class TimesRow(Struct):
    role: str | None
    priority: Priority
    told: int
    later: int
    asked: int
    superseded: int
    handed_over: int
    withdrawn: int
    received: StageOut
    seen: StageOut
    acknowledged: StageOut
    received_within: float
    acknowledged_within: float


class TimesOut(Struct):
    since: datetime
    until: datetime
    results: list[TimesRow]


class InterruptedPerson(Struct):
    person_id: UUID
    name: str
    total: int
    hours: int
    most_in_an_hour: int
    busiest_hour: datetime


class InterruptedHour(Struct):
    at: datetime
    interruptions: int
    people: int


class InterruptionsOut(Struct):
    since: datetime
    until: datetime
    total: int
    people: list[InterruptedPerson]
    hours: list[InterruptedHour]


class Uncommunicated(Endpoint):
    @reads(
        "Open obligations on the records that I oversee",
        takes=UncommunicatedQuery,
        gives=UncommunicatedList,
        capability="obligation.oversee",
    )
    def get(self, request: Call, params: UncommunicatedQuery) -> UncommunicatedList:
        only = Only(params.record, params.person, params.organization, params.priority, params.overdue)
        after = parse_key(params.after, 3)
        page = uncommunicated(by=request.user, after=after, limit=params.limit, only=only)
        sums = totals(by=request.user, only=only)
        climbed, moment = rungs(page), now()
        full = len(page) == params.limit
        return UncommunicatedList(
            results=[_row(row, climbed.get((row.event_id, row.person_id), ()), moment) for row in page],
            totals=UncommunicatedTotals(open=sums.open, overdue=sums.overdue, incidents=sums.incidents),
            next=make_key(page[-1].due_at, page[-1].event_id, page[-1].person_id) if full else None,
        )


class TimesReport(Endpoint):
    @reads(
        "How long until people receive, see and acknowledge: of an organization, or of the records that I oversee",
        takes=ReportQuery,
        gives=TimesOut,
        capability="report.read",
    )
    def get(self, request: Call, params: ReportQuery) -> TimesOut:
        report = times.times(by=request.user, organization=params.organization, since=params.since, until=params.until)
        return TimesOut(since=report.since, until=report.until, results=[_times(row) for row in report.rows])


class InterruptionsReport(Endpoint):
    @reads(
        "How often people are interrupted: of an organization, or of the records that I oversee",
        takes=ReportQuery,
        gives=InterruptionsOut,
        capability="report.read",
    )
    def get(self, request: Call, params: ReportQuery) -> InterruptionsOut:
        report = interruptions.interruptions(
            by=request.user, organization=params.organization, since=params.since, until=params.until
        )
        return InterruptionsOut(
            since=report.since,
            until=report.until,
            total=report.total,
            people=[_interrupted(person) for person in report.people],
            hours=[InterruptedHour(at=hour.at, interruptions=hour.n, people=hour.people) for hour in report.hours],
        )


def _row(row: Delivery, climbed: Sequence[Climbed], moment: datetime) -> UncommunicatedRow:
    step = next_step(row)
    return UncommunicatedRow(
        event_id=row.event_id,
        event_type=shown_type(row.event.type),
        priority=row.priority,
        record_id=row.event.record_id,
        patient=row.event.record.patient.name,
        person_id=row.person_id,
        person=row.person.name,
        obligation=row.obligation,
        ground=row.ground,
        why=why(row),
        state=state_of(row),
        since=row.event.at,
        age_seconds=(moment - row.event.at) // timedelta(seconds=1),
        due_at=row.due_at,
        next_rung_at=step.at if step else None,
        next_rung=step.rung.name if step else "",
        rungs_climbed=row.rung,
        rungs=[
            ClimbedRung(at=c.at, rung=c.name, to_id=c.to_id, to=c.to_name, channel=c.channel, result=c.result)
            for c in climbed
        ],
    )


def _times(row: times.Times) -> TimesRow:
    return TimesRow(
        role=row.role.value if row.role else None,
        priority=row.priority,
        told=row.told,
        later=row.later,
        asked=row.asked,
        superseded=row.superseded,
        handed_over=row.handed_over,
        withdrawn=row.withdrawn,
        received=_stage(row.received),
        seen=_stage(row.seen),
        acknowledged=_stage(row.done),
        received_within=row.received_within,
        acknowledged_within=row.done_within,
    )


def _stage(stage: Stage) -> StageOut:
    return StageOut(n=stage.n, open=stage.open, p50=stage.p50, p90=stage.p90, p99=stage.p99)


def _interrupted(person: interruptions.Interrupted) -> InterruptedPerson:
    return InterruptedPerson(
        person_id=person.person_id,
        name=person.name,
        total=person.total,
        hours=person.hours,
        most_in_an_hour=person.most,
        busiest_hour=person.busiest,
    )
