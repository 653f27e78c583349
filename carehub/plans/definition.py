"""What a revision defines, and what changed between two revisions, in words.

Goals and interventions keep their `id` through all revisions; one without an id is new.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

import msgspec
from msgspec import Meta

from carehub.core.fields import OptionalText, ShortText


class Part(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """Base of what a plan is made of."""


class Target(Part, frozen=True):
    """A measurable target: `measure` `comparator` `value` `unit`, for example PHQ-9 total <= 9 points."""

    measure: ShortText
    comparator: Literal["<", "<=", "=", ">=", ">"]
    value: float
    unit: ShortText

    def in_words(self) -> str:
        """`PHQ-9 total <= 9 points`."""
        return f"{self.measure} {self.comparator} {self.value:.15g} {self.unit}"


class GoalDefinition(Part, frozen=True):
    text: ShortText
    target: Target | None = None
    due_on: date | None = None
    id: UUID | None = None


class InterventionDefinition(Part, frozen=True):
    text: ShortText
    modality: ShortText
    frequency: ShortText
    provider_id: UUID | None = None
    id: UUID | None = None


class Expectation(Part, frozen=True):
    """What everybody expects of the course: in words, planned appointments, and when to look at it again."""

    text: OptionalText = ""
    planned_appointments: Annotated[int, Meta(ge=1, le=1000)] | None = None
    review_on: date | None = None


class PlanDefinition(Part, frozen=True):
    title: ShortText
    goals: Annotated[tuple[GoalDefinition, ...], Meta(max_length=50)] = ()
    interventions: Annotated[tuple[InterventionDefinition, ...], Meta(max_length=50)] = ()
    expectation: Expectation = Expectation()


EMPTY = PlanDefinition(title="No plan yet")

Element = TypeVar("Element", GoalDefinition, InterventionDefinition)


@dataclass(frozen=True, slots=True)
class Change:
    """One difference, in words. Material: target, modality, frequency, provider, something added or removed."""

    words: str
    is_material: bool


def compare(old: PlanDefinition, new: PlanDefinition) -> list[Change]:
    """Every difference from `old` to `new`, in the order in which a reader meets them in the plan."""
    return [
        *_title(old, new),
        *_elements("Goal", old.goals, new.goals, _goal),
        *_elements("Intervention", old.interventions, new.interventions, _intervention),
        *_expectation(old.expectation, new.expectation),
    ]


def _title(old: PlanDefinition, new: PlanDefinition) -> Iterator[Change]:
    if old.title != new.title:
        was = "" if old is EMPTY else f" (was “{old.title}”)"
        yield Change(f"Title: “{new.title}”{was}", False)


def _elements(kind: str, old: Sequence[Element], new: Sequence[Element], differences: Any) -> Iterator[Change]:
    before = {element.id: element for element in old}
    after = {element.id for element in new}
    for element in new:
        if element.id is None or element.id not in before:
            yield Change(f"{kind} added: {element.text}", True)
        else:
            yield from differences(before[element.id], element)
    for element in old:
        if element.id not in after:
            yield Change(f"{kind} removed: {element.text}", True)


def _goal(old: GoalDefinition, new: GoalDefinition) -> Iterator[Change]:
    yield from _text("Goal", old.text, new.text)
    if old.target != new.target:
        yield Change(f"Target of “{new.text}”: {_from_to(_words(old.target), _words(new.target))}", True)
    if old.due_on != new.due_on:
        yield Change(f"Due date of “{new.text}”: {_from_to(old.due_on, new.due_on)}", False)


def _intervention(old: InterventionDefinition, new: InterventionDefinition) -> Iterator[Change]:
    yield from _text("Intervention", old.text, new.text)
    if old.modality != new.modality:
        yield Change(f"Modality of “{new.text}”: {_from_to(old.modality, new.modality)}", True)
    if old.frequency != new.frequency:
        yield Change(f"Frequency of “{new.text}”: {_from_to(old.frequency, new.frequency)}", True)
    if old.provider_id != new.provider_id:
        yield Change(f"Another provider for “{new.text}”", True)


def _expectation(old: Expectation, new: Expectation) -> Iterator[Change]:
    if old.text != new.text:
        yield Change(f"Expectation: {new.text or 'removed'}", False)
    if old.planned_appointments != new.planned_appointments:
        change = _from_to(old.planned_appointments, new.planned_appointments)
        yield Change(f"Planned appointments: {change}", False)
    if old.review_on != new.review_on:
        yield Change(f"Review date: {_from_to(old.review_on, new.review_on)}", False)


def _text(kind: str, old: str, new: str) -> Iterator[Change]:
    if old != new:
        yield Change(f"{kind} reworded: “{new}” (was “{old}”)", False)


def _words(target: Target | None) -> str | None:
    return target.in_words() if target else None


def _from_to(old: object, new: object) -> str:
    return f"{'none' if new is None else new} (was {'none' if old is None else old})"
