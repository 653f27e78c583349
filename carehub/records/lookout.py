"""What the sweeper does for cover: ends places whose time is over, and looks ahead for roles that nobody covers."""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from uuid import UUID

from django.db.models import Q, QuerySet

from carehub.core.clock import now, take_turn
from carehub.directory.models import CareRecord, Membership, PractitionerRole

from . import actions
from .actions.places import ABLE, due_covers
from .coverage import KEPT, Coverage
from .intervals import Interval
from .models import Absence, CoverGap, CoverLook, Shift

logger = logging.getLogger(__name__)

PERIOD = timedelta(minutes=30)
AHEAD = timedelta(hours=8)
"""How long before it begins a gap is told: a shift, so that there is time to find somebody. Our own proposal."""

IN_SIGHT = timedelta(days=14)
"""How far the end of a gap is looked for; beyond it a gap has none."""

BATCH = 200

Pair = tuple[UUID, str]
"""A record and a role on its team."""


def keep_cover() -> int:
    """One pass: end what is over and, every half-hour, look ahead; returns how many gaps were told."""
    for place_id, record_id in list(due_covers().values_list("pk", "record_id")[:BATCH]):
        _guarded(record_id, partial(actions.end_cover, membership_id=place_id))
    return look_ahead() if claim() else 0


def claim() -> bool:
    """Whether the half-hourly look is now the caller's."""
    return take_turn(CoverLook.objects.filter(pk=1), PERIOD)


def look_ahead() -> int:
    """Tell every gap that begins within `AHEAD`, each once; returns how many.

    A gap that has begun keeps the beginning under which it was told; one that somebody has closed meanwhile ends.
    Seven statements for 200 records, whatever their teams; two more for each gap.
    """
    moment = now()
    told = 0
    affected = _affected(moment)
    for begin in range(0, len(affected), BATCH):
        look = _Look.at(moment, affected[begin : begin + BATCH])
        told += sum(_tell(*gap) for gap in look.new_gaps())
        look.close()
    return told


def _affected(moment: datetime) -> list[UUID]:
    """Active records on whose team somebody is away or has shifts kept, or that have a gap now."""
    absent = Absence.objects.filter(cancelled_at=None, starts_at__lt=moment + AHEAD, ends_at__gt=moment).values(
        "person_id"
    )
    on_rota = Shift.objects.filter(cancelled_at=None, kind=Shift.Kind.DUTY, ends_at__gt=moment - KEPT)
    places = Membership.objects.filter(
        Q(person_id__in=absent) | Q(person_id__in=on_rota.values("person_id")),
        ended_at=None,
        role__in=ABLE,
        record__status=CareRecord.Status.ACTIVE,
    )
    known = _running(moment).filter(record__status=CareRecord.Status.ACTIVE)
    return sorted({*places.values_list("record_id", flat=True), *known.values_list("record_id", flat=True)})


def _running(moment: datetime) -> "QuerySet[CoverGap]":
    return CoverGap.objects.filter(Q(ends_at=None) | Q(ends_at__gt=moment), starts_at__lte=moment)


@dataclass(slots=True)
class _Look:
    """Some records' gaps as they are, beside those that were told."""

    moment: datetime
    gaps: dict[Pair, list[Interval]] = field(default_factory=dict)
    running: dict[Pair, list[CoverGap]] = field(default_factory=lambda: defaultdict(list))
    told: set[tuple[UUID, str, datetime]] = field(default_factory=set)

    @classmethod
    def at(cls, moment: datetime, record_ids: list[UUID]) -> "_Look":
        """Read and reckon."""
        found = cls(moment)
        for gap in CoverGap.objects.filter(record_id__in=record_ids, starts_at__gt=moment - KEPT):
            found.told.add((gap.record_id, gap.role, gap.starts_at))
        for gap in _running(moment).filter(record_id__in=record_ids):
            found.running[gap.record_id, gap.role].append(gap)
        found._reckon(record_ids)
        return found

    def _reckon(self, record_ids: list[UUID]) -> None:
        places = list(
            Membership.objects.filter(
                record_id__in=record_ids, ended_at=None, role__in=ABLE, covers_until=None, person__is_active=True
            )
            .order_by("record_id", "role", "person_id")
            .values_list("record_id", "role", "person_id", "record__managing_organization_id")
        )
        organizations = {place[3] for place in places}
        works: dict[tuple[UUID, str], set[UUID]] = defaultdict(set)
        for organization, role, person in PractitionerRole.objects.filter(
            organization_id__in=organizations, code__in=ABLE, ended_at=None, person__is_active=True
        ).values_list("organization_id", "code", "person_id"):
            works[organization, role].add(person)
        people = {place[2] for place in places} | set().union(*works.values())
        window = (self.moment, self.moment + IN_SIGHT)
        coverage = Coverage.load(window, people=people, organizations=organizations)
        teams: dict[UUID, set[UUID]] = defaultdict(set)
        for record_id, _, person, _ in places:
            teams[record_id].add(person)
        for (record_id, role, organization), holders in groupby(places, key=lambda p: (p[0], p[1], p[3])):
            self.gaps[record_id, role] = coverage.uncovered(
                role,
                holders=[holder[2] for holder in holders],
                organization_id=organization,
                stand_ins=teams[record_id] | works[organization, role],
            )

    def new_gaps(self) -> Iterator[tuple[UUID, str, datetime, datetime | None]]:
        """Those that begin soon enough and were not told."""
        for (record_id, role), found in self.gaps.items():
            for start, end in found:
                is_running = start <= self.moment and self.running.get((record_id, role))
                if start > self.moment + AHEAD or is_running or (record_id, role, start) in self.told:
                    continue
                yield record_id, role, start, end if end < self.moment + IN_SIGHT else None

    def close(self) -> None:
        """End the told gaps that are none any more."""
        over = [
            gap.pk
            for pair, rows in self.running.items()
            if not any(start <= self.moment for start, _ in self.gaps.get(pair, []))
            for gap in rows
        ]
        if over:
            CoverGap.objects.filter(pk__in=over).update(ends_at=self.moment)


def _tell(record_id: UUID, role: str, starts_at: datetime, ends_at: datetime | None) -> bool:
    tell = partial(actions.report_missing_cover, record_id=record_id, role=role, starts_at=starts_at, ends_at=ends_at)
    return _guarded(record_id, tell)


def _guarded(record_id: UUID, action: Callable[[], bool]) -> bool:
    """What the action says, or False: one record that is broken must not keep the others waiting.

    The next look finds it again.
    """
    try:
        return action()
    except Exception as error:
        logger.warning("cover: record %s must wait (%s)", record_id, type(error).__name__)
        return False
