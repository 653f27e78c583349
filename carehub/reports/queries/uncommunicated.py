"""Open obligations on the records that I oversee: the rows, the rungs behind them, and the figures for the page's head.

A filter for a record, person or organization that is unknown, or not mine to see, finds nothing: the two are equal.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.postgres.aggregates import BitXor
from django.db import connection
from django.db.models import BigIntegerField, Count, Exists, F, Func, OuterRef, Q, QuerySet, Value

from carehub.access import books
from carehub.access.policy import visible
from carehub.audit import trail
from carehub.core.clock import DatabaseNow
from carehub.delivery.models import Escalation, Incident
from carehub.delivery.overseers import overseen
from carehub.directory.models import CareRecord, Membership, Person
from carehub.events.catalogue import Priority
from carehub.events.models import Delivery
from carehub.events.obligations import open_deliveries

CHOICES = 200
RUNGS_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Only:
    """What to look at; None for all. `priority` is that of the clock a row runs by."""

    record: UUID | None = None
    person: UUID | None = None
    organization: UUID | None = None
    priority: Priority | None = None
    overdue: bool = False

    def incidents(self) -> Q:
        """The same choice among incidents, which are all overdue: `person` is one of the silent."""
        wanted = Q()
        if self.person:
            wanted = Q(Exists(Escalation.objects.filter(event_id=OuterRef("event_id"), person_id=self.person)))
        if self.record:
            wanted &= Q(record_id=self.record)
        if self.organization:
            wanted &= Q(record__managing_organization_id=self.organization)
        return wanted & Q(event__priority=self.priority) if self.priority else wanted


@dataclass(frozen=True, slots=True)
class Totals:
    """`stamp` differs as soon as any row or incident of the choice does."""

    open: int
    overdue: int
    incidents: int
    stamp: str


@dataclass(frozen=True, slots=True)
class Climbed:
    """One rung that was climbed: when, which, whom it reached, over which channel, with what result."""

    at: datetime
    name: str
    to_id: UUID | None
    to_name: str
    channel: str
    result: str


def uncommunicated(
    *, by: Person, after: tuple[datetime, UUID, UUID] | None = None, limit: int, only: Only = Only()
) -> Sequence[Delivery]:
    """A page of what is open, the most overdue first; keyset: after (due_at, event, person)."""
    rows = _rows(by, only)
    if only.overdue:
        rows = rows.filter(due_at__lte=DatabaseNow())
    if after is not None:
        rows = rows.filter(
            Q(due_at__gt=after[0])
            | Q(due_at=after[0], event_id__gt=after[1])
            | Q(due_at=after[0], event_id=after[1], person_id__gt=after[2])
        )
    rows = rows.select_related("person", "event__author", "event__record__patient")
    page = list(rows.order_by("due_at", "event_id", "person_id")[:limit])
    books.keep(row.event.rulebook_id for row in page)
    if page:
        patients = sorted({row.event.record.patient_id for row in page})
        trail.read("uncommunicated.read", by=by.pk, patient_ids=patients)
    return page


def totals(*, by: Person, only: Only = Only()) -> Totals:
    """How much is open, overdue and an incident, under the same choice (but `overdue`). Figures only: no trail line."""
    found: dict[str, Any] = _rows(by, only).aggregate(
        open=Count("event_id"),
        overdue=Count("event_id", filter=Q(due_at__lte=DatabaseNow())),
        stamp=BitXor(
            _hash("event_id", "person_id", "obligation", "due_at", "rung", "round", "received_at", "seen_at"),
        ),
    )
    incidents: dict[str, Any] = (
        visible(by, Incident.objects.filter(only.incidents(), closed_at=None))
        .filter(overseen(by, "record_id"))
        .aggregate(n=Count("id"), stamp=BitXor(_hash("id", "owner_id", "asks")))
    )
    stamp = f"{found['open']}.{found['overdue']}.{found['stamp'] or 0}.{incidents['n']}.{incidents['stamp'] or 0}"
    return Totals(found["open"], found["overdue"], incidents["n"], stamp)


# The rungs of an older version of the topic belong to a row that inherited its clock. At most twelve of each row, the
# newest, so that a page is bounded however long its records are.
_RUNGS_SQL = """
SELECT c.event_id, c.person_id, s.at, s.name, s.to_person_id, coalesce(p.name, ''), s.channel, s.result
  FROM unnest(%(events)s::uuid[], %(persons)s::uuid[]) AS c(event_id, person_id)
  JOIN events_event e ON e.id = c.event_id
 CROSS JOIN LATERAL (
       SELECT r.* FROM delivery_escalation r JOIN events_event about ON about.id = r.event_id
        WHERE r.person_id = c.person_id
          AND (about.id = e.id OR about.record_id = e.record_id AND about.topic = e.topic AND e.topic <> ''
                                  AND about.is_standing AND about.seq < e.seq)
        ORDER BY r.at DESC, r.rung DESC LIMIT %(shown)s
     ) AS s
  LEFT JOIN directory_person p ON p.id = s.to_person_id
 ORDER BY s.at, s.rung
"""


def rungs(page: Sequence[Delivery]) -> Mapping[tuple[UUID, UUID], Sequence[Climbed]]:
    """The rungs that were climbed for each row of a page, oldest first, by (event, person). One query, or none."""
    climbed = [row for row in page if row.rung]
    found: dict[tuple[UUID, UUID], list[Climbed]] = defaultdict(list)
    if climbed:
        with connection.cursor() as cursor:
            cursor.execute(
                _RUNGS_SQL,
                {
                    "events": [row.event_id for row in climbed],
                    "persons": [row.person_id for row in climbed],
                    "shown": RUNGS_SHOWN,
                },
            )
            for event, person, *climb in cursor.fetchall():
                found[event, person].append(Climbed(*climb))
    return found


@dataclass(frozen=True, slots=True)
class Choices:
    """What a coordinator may choose from: (id, words), at most 200 each."""

    records: Sequence[tuple[UUID, str]]
    people: Sequence[tuple[UUID, str]]
    organizations: Sequence[tuple[UUID, str]]


def choices(*, by: Person) -> Choices:
    """The records that I oversee, those on their teams, and the organizations that manage them. Three queries."""
    mine = CareRecord.objects.filter(overseen(by, "pk"), memberships__person=by, memberships__ended_at=None)
    ids = mine.values("pk")
    records = CareRecord.objects.filter(pk__in=ids).order_by("patient__name", "title", "pk")
    people = Membership.objects.filter(record_id__in=ids, ended_at=None).order_by("person__name", "person_id")
    organizations = records.order_by("managing_organization__name", "managing_organization_id")
    if rows := list(records.values_list("pk", "patient__name", "title", "patient_id")[:CHOICES]):
        trail.read("uncommunicated.read", by=by.pk, patient_ids=sorted({patient for *_, patient in rows}))
    return Choices(
        [(id, f"{patient} · {title}") for id, patient, title, _ in rows],
        list(people.values_list("person_id", "person__name").distinct()[:CHOICES]),
        list(organizations.values_list("managing_organization_id", "managing_organization__name").distinct()[:CHOICES]),
    )


def _rows(by: Person, only: Only) -> "QuerySet[Delivery]":
    # The ids first: the ledger is then entered by these teams' open rows, not by everything that is open anywhere.
    records = CareRecord.objects.filter(overseen(by, "pk"))
    if only.record:
        records = records.filter(pk=only.record)
    if only.organization:
        records = records.filter(managing_organization_id=only.organization)
    found = list(records.values_list("pk", flat=True))
    team = Membership.objects.filter(record_id__in=found, ended_at=None).values("person_id")
    rows = visible(by, open_deliveries().filter(person_id__in=team, event__record_id__in=found))
    if only.person:
        rows = rows.filter(person_id=only.person)
    return rows.filter(priority=only.priority) if only.priority else rows


def _hash(*fields: str) -> Func:
    text = Func(Value(" "), *map(F, fields), function="concat_ws")
    return Func(text, Value(0), function="hashtextextended", output_field=BigIntegerField())
