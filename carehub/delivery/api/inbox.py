from datetime import datetime
from typing import Annotated, cast
from uuid import UUID

from msgspec import Meta

from carehub.access.words import ground_of_another, ground_of_mine
from carehub.core.errors import InvalidInput
from carehub.core.fields import Limit, LongText
from carehub.core.idempotency import Made
from carehub.core.rest import Call, Endpoint, Struct, posts, reads, writes
from carehub.directory.models import Role
from carehub.directory.wire import PersonOut, person_out
from carehub.events.models import Delivery
from carehub.events.wire import EventOut, event_out, shown_type

from .. import actions, queries, receipts
from ..frames import Number
from ..keyset import make_key, parse_key
from ..models import Incident

OWN = "own inbox"
Numbers = Annotated[list[Number], Meta(max_length=200)]


class InboxQuery(Struct):
    after: Annotated[str, Meta(max_length=60)] | None = None
    limit: Limit = 100


class InboxItem(Struct):
    n: int
    obligation: str
    due_at: datetime | None
    ground: str
    ground_in_words: str
    state: str
    event: EventOut


class InboxOut(Struct):
    results: list[InboxItem]
    cursor: str
    head: int
    open: int


class KeysetQuery(Struct):
    after: Annotated[str, Meta(max_length=200)] | None = None
    limit: Limit = 50


class OpenRow(Struct):
    n: int
    obligation: str
    ground: str
    ground_in_words: str
    due_at: datetime | None
    state: str
    patient: str
    event: EventOut


class OpenList(Struct):
    results: list[OpenRow]
    next: str | None


class ReceiptsIn(Struct):
    received: Number | None = None
    above: Number = 0
    seen: Numbers = []
    acknowledge: Numbers = []


class ReceiptRow(Struct):
    event_id: UUID
    n: int
    state: str
    at: datetime
    answer_owed: bool


class ReceiptsOut(Struct):
    results: list[ReceiptRow]


class DeliveryRow(Struct):
    person_id: UUID
    name: str
    roles: list[str]
    obligation: str
    ground: str
    ground_in_words: str
    state: str
    due_at: datetime | None
    received_at: datetime | None
    seen_at: datetime | None
    outcome_at: datetime | None
    excluded: str


class DeliveryList(Struct):
    results: list[DeliveryRow]


class IncidentOut(Struct):
    id: UUID
    record_id: UUID
    patient: str
    event_id: UUID
    event_type: str
    priority: str
    owner_id: UUID
    owner: str
    silent: list[PersonOut]
    opened_at: datetime
    next_ask_at: datetime | None
    asks: int
    closed_at: datetime | None
    closed_by: str | None
    close_reason: str


class IncidentsQuery(Struct):
    after: UUID | None = None
    limit: Limit = 50
    open: bool | None = None


class IncidentList(Struct):
    results: list[IncidentOut]
    next: UUID | None


class CloseIncident(Struct):
    reason: LongText


class Inbox(Endpoint):
    @reads("My inbox after a cursor, in order", takes=InboxQuery, gives=InboxOut, capability=OWN)
    def get(self, request: Call, params: InboxQuery) -> InboxOut:
        page = queries.inbox(by=request.user, after=params.after, limit=params.limit)
        frames = [entry.frame for entry in page.entries if entry.frame is not None]
        return InboxOut(
            results=[
                InboxItem(
                    n=f.n,
                    obligation=f.obligation,
                    due_at=f.due_at,
                    ground=f.ground,
                    ground_in_words=ground_of_mine(f.ground),
                    state=f.state,
                    event=cast(EventOut, f.event),
                )
                for f in frames
            ],
            cursor=page.cursor,
            head=page.head,
            open=page.open,
        )


class OpenObligations(Endpoint):
    @reads("What I must answer or acknowledge, by deadline", takes=KeysetQuery, gives=OpenList, capability=OWN)
    def get(self, request: Call, params: KeysetQuery) -> OpenList:
        after = parse_key(params.after, 2)
        page = queries.open_page(by=request.user, after=after, limit=params.limit)
        full = len(page) == params.limit
        return OpenList(
            results=[_open_row(row) for row in page],
            next=make_key(page[-1].due_at, page[-1].event_id) if full else None,
        )


class Receipts(Endpoint):
    @posts("Received, seen, acknowledged without a socket", takes=ReceiptsIn, gives=ReceiptsOut, capability=OWN)
    def post(self, request: Call, body: ReceiptsIn) -> ReceiptsOut:
        if body.received is None and not body.seen and not body.acknowledge:
            raise InvalidInput("Send at least one of received, seen, acknowledge.", pointer="")
        marked = receipts.mark(
            person_id=request.user.pk,
            received=body.received,
            above=body.above,
            seen=body.seen,
            acknowledge=body.acknowledge,
        )
        return ReceiptsOut(
            results=[
                ReceiptRow(event_id=m.event_id, n=m.n, state=m.state, at=m.at, answer_owed=m.wants_answer)
                for m in marked
            ]
        )


class EventDeliveries(Endpoint):
    @reads("Who was told of an event, and how far each is", gives=DeliveryList, capability="told of the event")
    def get(self, request: Call, event_id: UUID) -> DeliveryList:
        rows = queries.who_has_seen(by=request.user, event_id=event_id)
        return DeliveryList(results=[_delivery(row) for row in rows])


class Incidents(Endpoint):
    @reads(
        "Incidents on the records that I oversee, newest first",
        takes=IncidentsQuery,
        gives=IncidentList,
        capability="obligation.oversee",
    )
    def get(self, request: Call, params: IncidentsQuery) -> IncidentList:
        page = queries.incidents(by=request.user, after=params.after, limit=params.limit, is_open=params.open)
        rows = [_incident(row) for row in page]
        return IncidentList(results=rows, next=rows[-1].id if len(rows) == params.limit else None)


class IncidentClose(Endpoint):
    @writes(
        "Close an incident with a reason",
        takes=CloseIncident,
        gives=IncidentOut,
        capability="obligation.oversee",
        status=200,
    )
    def post(self, request: Call, incident_id: UUID, body: CloseIncident) -> Made:
        incident = actions.close_incident(by=request.user, incident_id=incident_id, reason=body.reason)
        return {"incident": str(incident.pk)}

    def show(self, request: Call, made: Made, incident_id: UUID) -> IncidentOut:
        return _incident(queries.get_incident(by=request.user, incident_id=incident_id))


def _open_row(row: Delivery) -> OpenRow:
    return OpenRow(
        n=row.n or 0,
        obligation=row.obligation,
        ground=row.ground,
        ground_in_words=ground_of_mine(row.ground),
        due_at=row.due_at,
        state=queries.state_of(row),
        patient=row.event.record.patient.name,
        event=event_out(row.event),
    )


def _delivery(row: Delivery) -> DeliveryRow:
    return DeliveryRow(
        person_id=row.person_id,
        name=row.person.name,
        roles=[Role(role).label for role in row.roles],
        obligation=row.obligation,
        ground=row.ground,
        ground_in_words=ground_of_another(row.ground),
        state=queries.state_of(row),
        due_at=row.due_at,
        received_at=row.received_at,
        seen_at=row.seen_at,
        outcome_at=row.outcome_at,
        excluded=row.exclusion,
    )


def _incident(row: Incident) -> IncidentOut:
    return IncidentOut(
        id=row.pk,
        record_id=row.record_id,
        patient=row.record.patient.name,
        event_id=row.event_id,
        event_type=shown_type(row.event.type),
        priority=row.event.priority,
        owner_id=row.owner_id,
        owner=row.owner.name,
        silent=[person_out(person) for person in queries.silent_people(row)],
        opened_at=row.opened_at,
        next_ask_at=row.next_ask_at,
        asks=row.asks,
        closed_at=row.closed_at,
        closed_by=row.closed_by.name if row.closed_by else None,
        close_reason=row.close_reason,
    )
