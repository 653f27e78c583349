"""The words in which the courses are written: people by first name, parts of a plan by a short key.

Whoever writes has read first: before each action its author sees what came before and acknowledges what asks
for it. What stays open at the end of a course is therefore what somebody has not come to yet.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeVar

from django.db.models import Q
from msgspec.structs import replace

from carehub.conditions import actions as conditions
from carehub.conditions.models import Category, Flag, Severity
from carehub.delivery import receipts
from carehub.directory.models import CareRecord, Membership, Organization, Patient, Person
from carehub.events.catalogue import Coding, Priority
from carehub.events.models import Delivery, Obligation
from carehub.messaging import actions as messaging
from carehub.plans import actions as plans
from carehub.plans.definition import (
    Expectation,
    GoalDefinition,
    InterventionDefinition,
    PlanDefinition,
    Target,
)
from carehub.records import actions as records

from .cast import CAST

YEAR = 365
Part = TypeVar("Part", GoalDefinition, InterventionDefinition)


def icd10(code: str, display: str) -> Coding:
    """A code of ICD-10-CM with its words."""
    return Coding(system="http://hl7.org/fhir/sid/icd-10-cm", code=code, display=display)


def at_most(value: float, unit: str, measure: str) -> Target:
    """Measure <= value."""
    return Target(measure=measure, comparator="<=", value=value, unit=unit)


def at_least(value: float, unit: str, measure: str) -> Target:
    """Measure >= value."""
    return Target(measure=measure, comparator=">=", value=value, unit=unit)


@dataclass(frozen=True, slots=True)
class Practice:
    """The people and organizations by their keys, and the database's day, from which the plans' dates count."""

    people: Mapping[str, Person]
    organizations: Mapping[str, Organization]
    today: date

    def open(self, name: str, *, aged: int, at: str, by: str, title: str) -> Chart:
        """Register a patient and open the record; a patient who is in the cast can log in."""
        login = next((key for key, somebody in CAST.items() if somebody.name == name), None)
        patient = Patient.objects.create(
            name=name,
            birth_date=self.today - timedelta(days=aged * YEAR + 100),
            person=self.people[login] if login else None,
            managing_organization=self.organizations[at],
        )
        record = records.open_record(
            by=self.people[by],
            patient=patient,
            organization=self.organizations[at],
            role=CAST[by].role,
            title=title,
        )
        return Chart(self, record)


class Chart:
    """One patient's record while its course is being written."""

    def __init__(self, practice: Practice, record: CareRecord) -> None:
        self.patient_name = record.patient.name
        self._practice = practice
        self._record = record
        self._revision = 0
        self._title = ""
        self._expectation = Expectation()
        self._goals: dict[str, GoalDefinition] = {}
        self._interventions: dict[str, InterventionDefinition] = {}

    # --- parts of a plan

    def goal(self, text: str, target: Target, *, due_in: int) -> GoalDefinition:
        """A goal, due so many days from today."""
        return GoalDefinition(text=text, target=target, due_on=self._day(due_in))

    def intervention(self, text: str, modality: str, frequency: str, by: str | None = None) -> InterventionDefinition:
        """An intervention, and who provides it."""
        provider = self._practice.people[by].pk if by else None
        return InterventionDefinition(text=text, modality=modality, frequency=frequency, provider_id=provider)

    def expect(self, text: str, *, appointments: int, review_in: int) -> Expectation:
        """What everybody expects, to be reviewed so many days from today."""
        return Expectation(text=text, planned_appointments=appointments, review_on=self._day(review_in))

    # --- what people do

    def add(self, by: str, purposes: Mapping[str, str]) -> None:
        """Give people their places on the team, each with its purpose."""
        for name, purpose in purposes.items():
            records.add_team_member(
                by=self._having_read(by),
                record_id=self._record.pk,
                person_id=self._practice.people[name].pk,
                role=CAST[name].role,
                purpose=purpose,
            )

    def end(self, by: str, who: str, reason: str, *, successor: str | None = None) -> None:
        """End somebody's place on the team."""
        person = self._practice.people[who]
        membership = Membership.objects.get(record=self._record, person=person, ended_at=None)
        records.end_membership(
            by=self._having_read(by),
            record_id=self._record.pk,
            membership_id=membership.pk,
            reason=reason,
            successor_id=self._practice.people[successor].pk if successor else None,
        )

    def revise(
        self,
        by: str,
        rationale: str,
        *,
        title: str | None = None,
        goals: Mapping[str, GoalDefinition] | None = None,
        interventions: Mapping[str, InterventionDefinition] | None = None,
        without: Collection[str] = (),
        expectation: Expectation | None = None,
    ) -> None:
        """Revise the plan: what is not named stays; a part under a known key replaces that part."""
        new_goals = _merge(self._goals, goals or {}, without)
        new_interventions = _merge(self._interventions, interventions or {}, without)
        revision = plans.revise_plan(
            by=self._having_read(by),
            record_id=self._record.pk,
            base=self._revision,
            definition=PlanDefinition(
                title=title or self._title,
                goals=tuple(new_goals.values()),
                interventions=tuple(new_interventions.values()),
                expectation=expectation or self._expectation,
            ),
            rationale=rationale,
        )
        self._revision = revision.number
        made = plans.current_definition(revision.plan)
        self._title, self._expectation = made.title, made.expectation
        self._goals = dict(zip(new_goals, made.goals, strict=True))
        self._interventions = dict(zip(new_interventions, made.interventions, strict=True))

    def progress(self, by: str, goal: str, status: str, note: str) -> None:
        """Record where a goal stands."""
        goal_id = self._goals[goal].id
        assert goal_id is not None  # a goal of a stored revision has its id
        plans.progress_goal(
            by=self._having_read(by),
            record_id=self._record.pk,
            goal_id=goal_id,
            achievement_status=status,
            note=note,
        )

    def flag(
        self,
        by: str,
        coding: Coding,
        severity: Severity,
        note: str,
        *,
        asks: Collection[str],
        question: str = "Does this change your plan?",
        category: Category = "clinical",
    ) -> Flag:
        """Raise a flag with a question to the roles of these people."""
        return conditions.raise_flag(
            by=self._having_read(by),
            record_id=self._record.pk,
            coding=coding,
            severity=severity,
            category=category,
            note=note,
            question=question,
            asked_roles=[CAST[name].role.value for name in asks],
        )

    def answer(self, by: str, flag: Flag, text: str, *, changes_plan: bool) -> None:
        """Answer a flag."""
        conditions.answer_flag(
            by=self._having_read(by),
            record_id=self._record.pk,
            flag_id=flag.pk,
            changes_plan=changes_plan,
            text=text,
        )

    def post(
        self,
        by: str,
        text: str,
        *,
        to: Collection[str] = (),
        priority: Priority = "routine",
        asks_acknowledgement: bool = False,
    ) -> None:
        """Write to the team, mentioning people."""
        messaging.post_message(
            by=self._having_read(by),
            record_id=self._record.pk,
            text=text,
            priority=priority,
            mentioned_ids=[self._practice.people[name].pk for name in to],
            asks_acknowledgement=asks_acknowledgement,
        )

    # --- what people have read

    def receive(self, *names: str) -> None:
        """It reached a device of theirs; they have not looked."""
        for name in names:
            unread = self._unread(name)
            if unread:
                receipts.mark(person_id=self._practice.people[name].pk, received=max(unread))

    def see(self, *names: str) -> None:
        """They have seen everything so far and acknowledged nothing."""
        for name in names:
            self._mark(name, acknowledges=False)

    def acknowledge(self, *names: str) -> None:
        """They have seen everything so far and acknowledged what asks for it."""
        for name in names:
            self._mark(name, acknowledges=True)

    def _having_read(self, name: str) -> Person:
        self.acknowledge(name)
        return self._practice.people[name]

    def _mark(self, name: str, *, acknowledges: bool) -> None:
        unread = self._unread(name)
        if unread:
            receipts.mark(
                person_id=self._practice.people[name].pk,
                received=max(unread),
                seen=list(unread),
                acknowledge=[n for n, asks in unread.items() if asks] if acknowledges else (),
            )

    def _unread(self, name: str) -> dict[int, bool]:
        """Numbers of what this person has not seen or still owes here, each with whether it can be acknowledged."""
        rows = Delivery.objects.filter(
            Q(seen_at=None) | Q(obligation=Obligation.ACKNOWLEDGE, outcome=None),
            person=self._practice.people[name],
            event__record=self._record,
            n__isnull=False,
        ).order_by("n")
        return {
            n: obligation == Obligation.ACKNOWLEDGE and outcome is None
            for n, obligation, outcome in rows.values_list("n", "obligation", "outcome")
            if n is not None
        }

    def _day(self, days: int) -> date:
        return self._practice.today + timedelta(days=days)


def _merge(old: Mapping[str, Part], new: Mapping[str, Part], without: Collection[str]) -> dict[str, Part]:
    """The kept parts in their order, then the added ones; a replaced part keeps its place and id."""
    replaced = {key: replace(part, id=old[key].id) if key in old else part for key, part in new.items()}
    return {key: part for key, part in {**old, **replaced}.items() if key not in without}
