"""Whose ledger a report reads, and over which time; who may read it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from carehub.access.books import rules_in_force
from carehub.access.capabilities import Capability
from carehub.access.policy import find_organization, workplaces
from carehub.access.rules import DEFAULT, Clock
from carehub.audit import trail
from carehub.core.clock import now
from carehub.core.errors import InvalidInput
from carehub.delivery.overseers import overseen
from carehub.directory.models import CareRecord, Person
from carehub.events.catalogue import Priority

LONGEST = timedelta(days=92)
USUAL = timedelta(days=28)
"""The window where none is asked for: four weeks, our own proposal."""

LATER_SQL = "(d.ground IN ('joining', 'successor') OR d.round > 1)"
"""Whether delivery `d` came to its person after its event, by joining or hand-over: no clock began with the event."""

IN_SCOPE_SQL = """
SELECT r.id FROM directory_carerecord r
 WHERE r.managing_organization_id = %(organization)s::uuid OR r.id = ANY(%(records)s::uuid[])
"""

TOLD_SQL = """
  FROM scope JOIN events_event e ON e.record_id = scope.id AND e.at >= %(since)s AND e.at < %(until)s
  JOIN events_delivery d ON d.event_id = e.id
 WHERE d.n IS NOT NULL AND d.ground <> 'author'
"""
"""The rows of those who were told of the events of the window, except their authors'."""


@dataclass(frozen=True, slots=True)
class Scope:
    """An organization's records, or those that one oversees; events from `since` on and before `until`."""

    organization: UUID | None
    records: list[UUID]
    since: datetime
    until: datetime

    def parameters(self) -> dict[str, Any]:
        """For IN_SCOPE_SQL and TOLD_SQL."""
        return {
            "organization": self.organization,
            "records": self.records,
            "since": self.since,
            "until": self.until,
        }


def open_scope(*, by: Person, organization: UUID | None, since: datetime | None, until: datetime | None) -> Scope:
    """What this person may have reported: with an organization its records, without one those that he oversees.

    Writes the one line of the trail. Raises NotVisible and NotAllowed for an organization, InvalidInput for a window
    that ends before it begins or is longer than 92 days.
    """
    records: list[UUID] = []
    if organization is not None:
        find_organization(by, Capability.REPORT_READ, organization)
    else:
        mine = CareRecord.objects.filter(overseen(by, "pk"), memberships__person=by, memberships__ended_at=None)
        records = sorted(set(mine.values_list("pk", flat=True)))
    since, until = _window(since, until)
    trail.read("report.read", by=by.pk, on=organization)
    return Scope(organization, records, since, until)


def reportable(*, by: Person) -> list[tuple[UUID, str]]:
    """The organizations on which this person may read reports, by name."""
    return list(workplaces(by, Capability.REPORT_READ).values_list("pk", "name"))


def clock_of(priority: Priority, organization: UUID | None) -> Clock:
    """The clock that a report compares with: what is in force now, at that organization."""
    rules = rules_in_force(organization) if organization else DEFAULT
    return rules.clocks[priority]


def _window(since: datetime | None, until: datetime | None) -> tuple[datetime, datetime]:
    until = until or now()
    try:
        since = since or until - USUAL
        length = until - since
    except OverflowError:
        raise InvalidInput("`until` must be a time in the years that we live in.", pointer="/until") from None
    if length <= timedelta():
        raise InvalidInput("`since` must be before `until`.", pointer="/since")
    if length > LONGEST:
        days = LONGEST.days
        raise InvalidInput(f"A report covers at most {days} days; these are {length.days}.", pointer="/since")
    return since, until
