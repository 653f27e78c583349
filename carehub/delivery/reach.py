"""Whom a rung reaches for, chosen when it falls due, by the team, the rota and the absences of that moment.

Whoever is chosen from outside the team gets a place on it as cover, which ends by itself.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Self
from uuid import UUID

from carehub.access.audience import team
from carehub.access.capabilities import Capability
from carehub.access.policy import capabilities_of
from carehub.access.selectors import Member
from carehub.core.clock import now
from carehub.directory.models import CareRecord, Membership, Person, PractitionerRole, Role
from carehub.events.models import Delivery
from carehub.records.actions import Cover, make_places
from carehub.records.actions.places import ABLE
from carehub.records.coverage import Coverage
from carehub.records.models import Shift

from .ladder import COVER, Rung
from .models import Escalation

_INSTANT = timedelta(microseconds=1)


@dataclass(slots=True)
class Reach:
    """One record's team and cover at this moment, for any number of rows. Under the record's lock."""

    record: CareRecord
    members: dict[UUID, Member]
    moment: datetime
    coverage: Coverage
    places: list[Cover] = field(default_factory=list)

    @classmethod
    def among(cls, record: CareRecord, rows: Sequence[Delivery]) -> Self:
        """Read the team, and the shifts and absences that matter now. Four statements, however many rows."""
        members = {member.person_id: member for member in team(record)}
        moment = now()
        coverage = Coverage.load(
            (moment, moment + _INSTANT),
            people=[*members, *{row.person_id for row in rows}.difference(members)],
            organizations=[record.managing_organization_id],
        )
        return cls(record, members, moment, coverage)

    def whom(self, rung: Rung, row: Delivery) -> tuple[UUID, ...]:
        """Whom this rung reaches, the one it is for first; all of them are on the team after `make_places`.

        One person, but two where a stat obligation's reminder also goes to the delegate of somebody who is away.
        """
        held = self.members[row.person_id].roles if row.person_id in self.members else ()
        choice = _Choice(self, row, [Role(role) for role in row.asked_roles] or list(held))
        if rung.reaches == "person":
            found = choice.himself()
        elif rung.reaches == "overseer":
            found = (choice.overseer(),)
        elif rung is COVER:
            found = (choice.cover() or choice.overseer(),)
        else:
            found = (choice.on_call() or choice.overseer(),)
        return found

    def make_places(self) -> None:
        """Give all who were chosen from outside the team their places, once everybody is chosen.

        Each of several would lock inboxes in its own order, and two records with common members deadlock.
        """
        if self.places:
            make_places(self.record, self.places)
            self.places = []


@dataclass(slots=True)
class _Choice:
    """The choice for one silent row: in which roles he owes it."""

    ground: Reach
    row: Delivery
    roles: list[Role]

    def himself(self) -> tuple[UUID, ...]:
        """The silent person; his delegate when he is away; both when it is stat, which nothing hides."""
        delegate = self._delegate(self.row.person_id)
        if delegate is None:
            return (self.row.person_id,)
        return (self.row.person_id, delegate) if self.row.priority == "stat" else (delegate,)

    def cover(self) -> UUID | None:
        """His delegate if he is away, else a colleague in the same role: on duty, else at least not away."""
        return self._delegate(self.row.person_id) or next(self._colleagues(), None)

    def on_call(self) -> UUID | None:
        """Who is on call for his role, else a colleague in it who was not reached about this before."""
        for role in self.roles:
            shifts = self.ground.coverage.on(Shift.Kind.ON_CALL, role, self.ground.moment)
            ours = [shift for shift in shifts if shift.organization_id == self.ground.record.managing_organization_id]
            for shift in sorted(ours, key=lambda shift: shift.person_id not in self.ground.members):
                if shift.person_id != self.row.person_id and self._takes_part(shift, role):
                    return shift.person_id
        before = Escalation.objects.filter(
            event_id=self.row.event_id, person_id=self.row.person_id, round=self.row.round
        )
        reached = set(before.values_list("to_person_id", flat=True))
        return next((person for person in self._colleagues() if person not in reached), None)

    def overseer(self) -> UUID:
        """The care manager, else another overseer, who is there; of one who is away the delegate, if he oversees.

        Of the silent one's own obligations another overseer is told, and he himself when there is none.
        """
        others = [
            m.person_id for m in self.ground.members.values() if _oversees(m) and m.person_id != self.row.person_id
        ]
        manager = self.ground.record.care_manager_id
        ordered = others if manager == self.row.person_id else [manager, *(p for p in others if p != manager)]
        for person in ordered:
            if self.ground.coverage.absence_at(person, self.ground.moment) is None:
                return person
            stand_in = self.ground.coverage.stand_in_at(person, self.ground.moment)
            if stand_in is not None and stand_in.person_id in others:
                return stand_in.person_id
        return ordered[0] if ordered else self.row.person_id

    def _colleagues(self) -> Iterator[UUID]:
        """Others on the team in the same role who are not away, those on duty first."""
        able = [m for m in self.ground.members.values() if m.person_id != self.row.person_id and m.has(*ABLE)]
        same = [m for m in able if m.has(*self.roles)]  # whom a relative owes it, another relative cannot be told
        here = [m for m in same if self.ground.coverage.absence_at(m.person_id, self.ground.moment) is None]
        on_duty = {
            shift.person_id
            for role in self.roles
            for shift in self.ground.coverage.on(Shift.Kind.DUTY, role, self.ground.moment)
        }
        for member in sorted(here, key=lambda m: m.person_id not in on_duty):
            yield member.person_id

    def _delegate(self, person_id: UUID) -> UUID | None:
        """Who is in his place now and can be told: on this team, or at the managing organization in his role."""
        stand_in = self.ground.coverage.stand_in_at(person_id, self.ground.moment)
        if stand_in is None:
            return None
        if self._is_told(stand_in.person_id):
            return stand_in.person_id
        for role in self.roles:
            if self._may_join(stand_in.person_id, role):
                name = Person.objects.values_list("name", flat=True).get(pk=person_id)
                self._join(stand_in.person_id, role, f"Covers for {name}", stand_in.until, stand_in.absence.pk)
                return stand_in.person_id
        return None

    def _takes_part(self, shift: Shift, role: Role) -> bool:
        if self._is_told(shift.person_id):
            return True
        if not self._may_join(shift.person_id, role):
            return False
        self._join(shift.person_id, role, "On call", shift.ends_at, shift.pk)
        return True

    def _is_told(self, person_id: UUID) -> bool:
        return person_id in self.ground.members and self.ground.members[person_id].has(*ABLE)

    def _may_join(self, person_id: UUID, role: Role) -> bool:
        """Whether he works in this role at the managing organization, and is or was no relative or patient here."""
        return (
            role in ABLE
            and person_id not in self.ground.members
            and person_id != self.ground.record.patient.person_id
            and PractitionerRole.objects.filter(
                person_id=person_id,
                organization_id=self.ground.record.managing_organization_id,
                code=role,
                ended_at=None,
                person__is_active=True,
            ).exists()
            and not Membership.objects.filter(
                record=self.ground.record, person_id=person_id, role__in=[Role.PATIENT, Role.CAREGIVER]
            ).exists()
        )

    def _join(self, person_id: UUID, role: Role, purpose: str, until: datetime, on_account_of: UUID) -> None:
        self.ground.places.append(Cover(person_id, role, purpose[:200], until, on_account_of))
        self.ground.members[person_id] = Member(person_id, (role,), False)


def _oversees(member: Member) -> bool:
    may = capabilities_of(member.roles, is_care_manager=member.is_care_manager)
    return Capability.OBLIGATION_OVERSEE in may
