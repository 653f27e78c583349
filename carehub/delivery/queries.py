"""Read inboxes, open obligations, who has seen what, and incidents. Each opens with one trail line."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import Count, Q, QuerySet

from carehub.access.policy import visible
from carehub.audit import trail
from carehub.core.errors import BadRequest, NotVisible
from carehub.core.models import Installation
from carehub.directory.models import CareRecord, Membership, Person
from carehub.events.models import Delivery, Event, Inbox, Outcome
from carehub.events.obligations import open_deliveries

from .frames import parse_cursor
from .ladder import INCIDENT
from .ledger import READ_SQL, Entry, entries, read_parameters
from .models import Incident
from .overseers import OVERSEER_ROLES, overseen


class ForeignCursor(BadRequest):
    status, code, title = 409, "resync", "Resync"


@dataclass(frozen=True, slots=True)
class InboxPage:
    """Rows after a cursor; `cursor` is where to go on, `head` where the inbox ends, `open` how much is open."""

    entries: Sequence[Entry]
    cursor: str
    head: int
    open: int


def inbox(*, by: Person, after: str | None, limit: int) -> InboxPage:
    """My inbox after a cursor (None: from its beginning), in order.

    Raises BadRequest for what is no cursor and ForeignCursor (code `resync`, with a fresh cursor) for one of another
    epoch or from the future. An empty page leaves no trail.
    """
    epoch = Installation.objects.values_list("epoch", flat=True).get()
    head = Inbox.objects.filter(person=by).values_list("head", flat=True).first() or 0
    start = 0
    if after is not None:
        cursor = parse_cursor(after)
        if cursor is None:
            raise BadRequest("`after` must be a cursor as it was given: <epoch>.<n>.", pointer="/after")
        if cursor[0] != epoch or cursor[1] > head:
            raise ForeignCursor(
                "This cursor is not of this ledger. Fetch what you show afresh and go on from `cursor`.",
                cursor=f"{epoch}.{head}",
            )
        start = cursor[1]
    with connection.cursor() as db:
        db.execute(READ_SQL, read_parameters([by.pk], [start], page=limit))
        rows = entries(db.fetchall())
    shown = {row.record_id for row in rows if row.frame}
    if shown:
        patients = CareRecord.objects.filter(pk__in=shown).values_list("patient_id", flat=True)
        trail.read("inbox.read", by=by.pk, patient_ids=sorted(set(patients)))
    end = rows[-1].n if rows else start
    return InboxPage(rows, f"{epoch}.{end}", head, my_open(by=by).count())


def live_cursor(*, by: Person) -> str:
    """Where a console's socket resumes: just before the first event that no device of mine has received."""
    epoch = Installation.objects.values_list("epoch", flat=True).get()
    first = (
        Delivery.objects.filter(person=by, n__isnull=False, received_at=None)
        .order_by("n")
        .values_list("n", flat=True)
        .first()
    )
    if first is None:
        return f"{epoch}.{Inbox.objects.filter(person=by).values_list('head', flat=True).first() or 0}"
    return f"{epoch}.{first - 1}"


def my_open(*, by: Person) -> "QuerySet[Delivery]":
    """My open obligations on events that I may read, the most urgent deadline first."""
    rows = visible(by, open_deliveries().filter(person=by))
    return rows.select_related("event__author", "event__record__patient").order_by("due_at", "event_id")


def open_page(*, by: Person, after: tuple[datetime, UUID] | None, limit: int) -> Sequence[Delivery]:
    """A page of `my_open`; keyset: after (due_at, event id)."""
    rows = my_open(by=by)
    if after is not None:
        rows = rows.filter(Q(due_at__gt=after[0]) | Q(due_at=after[0], event_id__gt=after[1]))
    page = list(rows[:limit])
    if page:
        patients = sorted({row.event.record.patient_id for row in page})
        trail.read("inbox.read", by=by.pk, patient_ids=patients)
    return page


def who_has_seen(*, by: Person, event_id: UUID) -> Sequence[Delivery]:
    """Everybody on the team at that event: how far each recipient is, and who was excluded, by name.

    Raises NotVisible for those who were not told of the event themselves.
    """
    event = visible(by, Event.objects.all()).select_related("record").filter(pk=event_id).first()
    if event is None:
        raise NotVisible()
    trail.read(
        "delivery.read",
        by=by.pk,
        record_id=event.record_id,
        patient_ids=[event.record.patient_id],
        on=event.pk,
    )
    rows = Delivery.objects.filter(event=event).select_related("person", "outcome_by")
    return list(rows.order_by("exclusion", "person__name", "person_id"))


def incidents(
    *, by: Person, after: UUID | None = None, limit: int = 50, is_open: bool | None = None, only: Q | None = None
) -> Sequence[Incident]:
    """Incidents on the records that I oversee, newest first; keyset: ids below `after`."""
    rows = _incidents(by).filter(only or Q())
    if is_open is not None:
        rows = rows.filter(closed_at__isnull=is_open)
    if after is not None:
        rows = rows.filter(pk__lt=after)
    page = list(rows.order_by("-id")[:limit])
    if page:
        trail.read("incident.read", by=by.pk, patient_ids=sorted({row.record.patient_id for row in page}))
    return page


def get_incident(*, by: Person, incident_id: UUID) -> Incident:
    """One incident of a record that I oversee. Raises NotVisible."""
    found = _incidents(by).filter(pk=incident_id).first()
    if found is None:
        raise NotVisible()
    trail.read("incident.read", by=by.pk, record_id=found.record_id, patient_ids=[found.record.patient_id])
    return found


def silent_people(incident: Incident) -> list[Person]:
    """Who did not answer, in the order in which each climbed the last rung. Prefetched with the incident."""
    rungs = [rung for rung in incident.event.escalations.all() if rung.rung == INCIDENT.number]
    return [rung.person for rung in sorted(rungs, key=lambda rung: rung.at)]


def _incidents(by: Person) -> "QuerySet[Incident]":
    rows = visible(by, Incident.objects.all()).filter(overseen(by, "record_id"))
    return rows.select_related("event", "record__patient", "owner", "closed_by").prefetch_related(
        "event__escalations__person"
    )


def state_of(row: Delivery) -> str:
    """The state of a recipient's row in one word; `excluded` for somebody who is not sent the event."""
    if row.exclusion:
        return "excluded"
    if row.outcome:
        return row.outcome
    if row.seen_at:
        return "seen"
    return "received" if row.received_at else "pending"


def recent(*, by: Person, limit: int) -> Sequence[Delivery]:
    """The newest events of my inbox that ask nothing more of me, my own among them, newest first."""
    rows = visible(by, Delivery.objects.filter(person=by, n__isnull=False))
    rows = rows.exclude(due_at__isnull=False, outcome=None)
    page = list(rows.select_related("event__author", "event__record__patient").order_by("-n")[:limit])
    if page:
        patients = sorted({row.event.record.patient_id for row in page})
        trail.read("inbox.read", by=by.pk, patient_ids=patients)
    return page


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one event is: my own row, and counts over its recipients but the author.

    A row that was handed over counts in its successor's place.
    """

    mine: Delivery
    recipients: int
    received: int
    seen: int
    asked: int
    done: int
    excluded: int


def progress(*, by: Person, event_ids: Collection[UUID]) -> dict[UUID, Progress]:
    """How far each of these events is, for those that I was told of. Two queries; names nobody, so no trail line."""
    mine = {
        row.event_id: row
        for row in visible(by, Delivery.objects.filter(person=by, event_id__in=event_ids, n__isnull=False))
    }
    told = Q(n__isnull=False) & ~Q(ground="author") & (Q(outcome=None) | ~Q(outcome=Outcome.HANDED_OVER))
    asked = told & Q(due_at__isnull=False)
    counts = (
        Delivery.objects.filter(event_id__in=mine)
        .order_by()
        .values("event_id")
        .annotate(
            recipients=Count("event_id", filter=told),
            received=Count("event_id", filter=told & Q(received_at__isnull=False)),
            seen=Count("event_id", filter=told & Q(seen_at__isnull=False)),
            asked=Count("event_id", filter=asked),
            done=Count("event_id", filter=asked & Q(outcome__in=[Outcome.ACKNOWLEDGED, Outcome.ANSWERED])),
            excluded=Count("event_id", filter=Q(n__isnull=True)),
        )
    )
    return {
        row["event_id"]: Progress(
            mine=mine[row["event_id"]],
            recipients=row["recipients"],
            received=row["received"],
            seen=row["seen"],
            asked=row["asked"],
            done=row["done"],
            excluded=row["excluded"],
        )
        for row in counts
    }


def oversees(*, by: Person) -> bool:
    """Whether there is a record on which I may see what is uncommunicated."""
    managed = CareRecord.objects.filter(care_manager=by, memberships__person=by, memberships__ended_at=None)
    overseen = Membership.objects.filter(person=by, ended_at=None, role__in=OVERSEER_ROLES)
    return overseen.exists() or managed.exists()
