"""Who covers, at one time or over a window: shifts and absences, read in a few statements whatever their number."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Self
from uuid import UUID

from django.db.models import Q

from .intervals import Holder, Interval, both, gaps, minus, union
from .models import Absence, Shift

CHAIN = 5
"""How many delegates are followed, one after the other."""

KEPT = timedelta(days=28)
"""Shifts are kept for somebody in a role when one has been within this time, or is to come. Our own proposal."""


@dataclass(frozen=True, slots=True)
class StandIn:
    """Somebody in the place of one who is away: on account of which absence, and until when."""

    person_id: UUID
    absence: Absence
    until: datetime


@dataclass(slots=True)
class Coverage:
    """The absences of these people and of their delegates, and shifts, as far as they touch the window."""

    window: Interval
    absences: dict[UUID, list[Absence]] = field(default_factory=lambda: defaultdict(list))
    shifts: list[Shift] = field(default_factory=list)
    kept: set[tuple[UUID, str]] = field(default_factory=set)
    _present: dict[tuple[UUID, str], list[Interval]] = field(default_factory=lambda: defaultdict(list))
    _on_call: dict[tuple[str, UUID], list[Shift]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def load(cls, window: Interval, *, people: Collection[UUID], organizations: Collection[UUID] = ()) -> Self:
        """Read it: two statements, and one for each further step from delegate to delegate."""
        found = cls(window)
        found._load_shifts(people, organizations)
        found._load_absences({*people, *(shift.person_id for shift in found.shifts)})
        return found

    def _load_absences(self, people: Collection[UUID]) -> None:
        start, end = self.window
        wanted = set(people)
        known: set[UUID] = set()
        for _ in range(CHAIN):
            rows = Absence.objects.filter(
                person_id__in=wanted, cancelled_at=None, starts_at__lt=end, ends_at__gt=start
            ).select_related("person", "delegate")
            for row in rows.order_by("starts_at"):
                self.absences[row.person_id].append(row)
            known |= wanted
            wanted = {row.delegate_id for rows in self.absences.values() for row in rows if row.delegate_id} - known
            if not wanted:
                return

    def _load_shifts(self, people: Collection[UUID], organizations: Collection[UUID]) -> None:
        start, end = self.window
        rows = Shift.objects.filter(
            Q(person_id__in=people) | Q(organization_id__in=organizations), cancelled_at=None, person__is_active=True
        )
        for row in rows.filter(ends_at__gt=start - KEPT).order_by("starts_at", "pk"):
            if row.kind == Shift.Kind.DUTY:
                self.kept.add((row.person_id, row.role))
            if row.starts_at < end and row.ends_at > start:
                self.shifts.append(row)
                self._present[row.person_id, row.role].append((row.starts_at, row.ends_at))
                if row.kind == Shift.Kind.ON_CALL:
                    self._on_call[row.role, row.organization_id].append(row)

    def away(self, person_id: UUID, stand_ins: Collection[UUID]) -> list[Interval]:
        """When he is away and nobody is in his place: no delegate, or none among these who is there himself."""
        return self._away(person_id, stand_ins, 0, {})

    def _away(
        self, person_id: UUID, stand_ins: Collection[UUID], depth: int, known: dict[tuple[UUID, int], list[Interval]]
    ) -> list[Interval]:
        # Each once at each depth: many short absences along a chain would multiply otherwise.
        if (person_id, depth) in known:
            return known[person_id, depth]
        found: list[Interval] = []
        covered: dict[UUID, list[Interval]] = defaultdict(list)
        for absence in self.absences.get(person_id, ()):
            period = (absence.starts_at, absence.ends_at)
            if absence.delegate_id is None or depth == CHAIN:
                found.append(period)
            else:
                covered[absence.delegate_id].append(period)
        for delegate, periods in covered.items():
            if delegate not in stand_ins:
                found += minus(periods, self._periods(delegate))
            found += both(periods, self._away(delegate, stand_ins, depth + 1, known))
        known[person_id, depth] = union(found)
        return known[person_id, depth]

    def holder(self, person_id: UUID, role: str, stand_ins: Collection[UUID]) -> Holder:
        """One holder of a role, for `gaps`."""
        duty = None
        if (person_id, role) in self.kept:
            duty = self._present.get((person_id, role), [])
        return Holder(away=self.away(person_id, stand_ins), duty=duty)

    def uncovered(
        self, role: str, *, holders: Iterable[UUID], organization_id: UUID, stand_ins: Collection[UUID]
    ) -> list[Interval]:
        """When nobody covers this role: no holder is there, and nobody is on call for it at the organization.

        Somebody who is on call counts while he works there in that role, which is what `stand_ins` says.
        """
        on_call: list[Interval] = []
        for shift in self._on_call.get((role, organization_id), ()):
            if shift.person_id in stand_ins:
                on_call += minus([(shift.starts_at, shift.ends_at)], self.away(shift.person_id, stand_ins))
        return gaps(self.window, [self.holder(person, role, stand_ins) for person in holders], on_call)

    def absence_at(self, person_id: UUID, moment: datetime) -> Absence | None:
        """His absence at that time."""
        for absence in self.absences.get(person_id, ()):
            if absence.starts_at <= moment < absence.ends_at:
                return absence
        return None

    def stand_in_at(self, person_id: UUID, moment: datetime) -> "StandIn | None":
        """Who is to be reached in his place: the first on the way from delegate to delegate who is there himself.

        None when he is not away, or nobody on the way is there.
        """
        first = absence = self.absence_at(person_id, moment)
        until = self.window[1] if first is None else first.ends_at
        for _ in range(CHAIN):
            if first is None or absence is None or absence.delegate is None:
                return None
            until = min(until, absence.ends_at)
            following = self.absence_at(absence.delegate.pk, moment)
            if following is None:
                return StandIn(absence.delegate.pk, first, until) if absence.delegate.is_active else None
            absence = following
        return None

    def on(self, kind: str, role: str, moment: datetime) -> Sequence[Shift]:
        """The shifts of this kind in this role that run at that time, of whoever is not away."""
        return [
            shift
            for shift in self.shifts
            if (shift.kind, shift.role) == (kind, role)
            and shift.starts_at <= moment < shift.ends_at
            and self.absence_at(shift.person_id, moment) is None
        ]

    def _periods(self, person_id: UUID) -> list[Interval]:
        return [(absence.starts_at, absence.ends_at) for absence in self.absences.get(person_id, ())]
