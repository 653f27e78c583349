"""The form that revises a plan: rows of goals and interventions, from a definition and back to one.

Every row sends each of its fields exactly once, so that the lists of equally named fields are the columns of a table.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

import msgspec
from django.http import QueryDict

from carehub.plans.definition import PlanDefinition

from .forms import refuse_nul

GOAL_FIELDS = ("id", "text", "measure", "comparator", "value", "unit", "due_on")
INTERVENTION_FIELDS = ("id", "text", "modality", "frequency", "provider_id")
COMPARATORS = (("<=", "at most"), (">=", "at least"), ("<", "below"), (">", "above"), ("=", "exactly"))

Row = dict[str, str]
Number = TypeVar("Number", int, float)


@dataclass(frozen=True, slots=True)
class Mistake:
    """One field that cannot be taken as it is: the id of its control, and the sentence."""

    control: str
    sentence: str


@dataclass(slots=True)
class PlanForm:
    """What stands in the form, as text."""

    base: str
    title: str
    goals: list[Row]
    interventions: list[Row]
    expectation: Row
    rationale: str = ""
    mistakes: list[Mistake] = field(default_factory=list)

    @property
    def wrong(self) -> set[str]:
        """The ids of the controls that need another look."""
        return {mistake.control for mistake in self.mistakes}

    def change_rows(self, add: str, remove: str) -> None:
        """Add an empty row (`goal`, `intervention`) or remove one (`goal:2`); anything else does nothing."""
        kinds = {"goal": (self.goals, GOAL_FIELDS), "intervention": (self.interventions, INTERVENTION_FIELDS)}
        if add in kinds:
            rows, names = kinds[add]
            rows.append(dict.fromkeys(names, ""))
        kind, _, index = remove.partition(":")
        if (
            kind in kinds
            and index.isascii()
            and index.isdigit()
            and len(index) < 4
            and int(index) < len(kinds[kind][0])
        ):
            del kinds[kind][0][int(index)]

    def definition(self) -> PlanDefinition | None:
        """The definition that this form says; None after noting the mistakes."""
        self.mistakes = []
        built = {
            "title": self._text("title", self.title, "The plan needs a title."),
            "goals": [self._goal(i, row) for i, row in enumerate(self.goals) if _is_filled(row)],
            "interventions": [
                self._intervention(i, row) for i, row in enumerate(self.interventions) if _is_filled(row)
            ],
            "expectation": self._expectation(),
        }
        self._text("rationale", self.rationale, "Say why the plan changes: the team reads it with the change.")
        if self.mistakes:
            return None
        try:
            return msgspec.convert(built, type=PlanDefinition, strict=False)
        except msgspec.ValidationError as error:
            self.mistakes.append(Mistake("title", f"Something here cannot be taken: {error}."))
            return None

    def _goal(self, index: int, row: Row) -> dict[str, Any]:
        at = f"goal-{index}"
        return {
            "id": row["id"] or None,
            "text": self._text(f"{at}-text", row["text"], f"Goal {index + 1} needs words."),
            "target": self._target(at, index, row),
            "due_on": self._date(f"{at}-due_on", row["due_on"]),
        }

    def _target(self, at: str, index: int, row: Row) -> dict[str, Any] | None:
        if not (row["measure"] or row["value"] or row["unit"]):
            return None
        whole = f"The target of goal {index + 1} needs a measure, a value and a unit, or none of them."
        return {
            "measure": self._text(f"{at}-measure", row["measure"], whole),
            "comparator": row["comparator"] or "<=",
            "value": self._number(f"{at}-value", row["value"], float),
            "unit": self._text(f"{at}-unit", row["unit"], whole),
        }

    def _intervention(self, index: int, row: Row) -> dict[str, Any]:
        at, name = f"intervention-{index}", f"Intervention {index + 1}"
        return {
            "id": row["id"] or None,
            "text": self._text(f"{at}-text", row["text"], f"{name} needs words."),
            "modality": self._text(f"{at}-modality", row["modality"], f"{name} needs a modality."),
            "frequency": self._text(f"{at}-frequency", row["frequency"], f"{name} needs a frequency."),
            "provider_id": row["provider_id"] or None,
        }

    def _expectation(self) -> dict[str, Any]:
        planned = self.expectation["planned_appointments"]
        number = self._number("planned_appointments", planned, int) if planned else None
        if number is not None and not 1 <= number <= 1000:
            self.mistakes.append(Mistake("planned_appointments", "Planned appointments are 1 to 1,000."))
        return {
            "text": self.expectation["text"],
            "planned_appointments": number,
            "review_on": self._date("review_on", self.expectation["review_on"]),
        }

    def _text(self, control: str, text: str, missing: str) -> str:
        if not text:
            self.mistakes.append(Mistake(control, missing))
        elif len(text) > (8_000 if control == "rationale" else 200):
            self.mistakes.append(Mistake(control, "This text is too long: at most 200 characters."))
        return text

    def _number(self, control: str, text: str, kind: Callable[[str], Number]) -> Number | None:
        try:
            number = kind(text.replace(",", "."))
            if math.isfinite(number):
                return number
            raise ValueError
        except (ValueError, OverflowError):
            self.mistakes.append(Mistake(control, f"“{text}” is not a number." if text else "A number is missing."))
            return None

    def _date(self, control: str, text: str) -> date | None:
        if not text:
            return None
        try:
            return date.fromisoformat(text)
        except ValueError:
            self.mistakes.append(Mistake(control, f"“{text}” is not a date; write it as 2026-12-31."))
            return None


def from_definition(definition: PlanDefinition, *, base: int) -> PlanForm:
    """The form as it opens on revision `base`; without a plan it has one empty row of each kind."""
    goals = [
        _row(g.id, g.text, t and t.measure, t and t.comparator, t and f"{t.value:.15g}", t and t.unit, g.due_on)
        for g in definition.goals
        for t in (g.target,)
    ]
    interventions = [(i.id, i.text, i.modality, i.frequency, i.provider_id) for i in definition.interventions]
    expected = definition.expectation
    return PlanForm(
        base=str(base),
        title=definition.title if base else "",
        goals=_rows(GOAL_FIELDS, goals) or [dict.fromkeys(GOAL_FIELDS, "")],
        interventions=_rows(INTERVENTION_FIELDS, interventions) or [dict.fromkeys(INTERVENTION_FIELDS, "")],
        expectation={
            "text": expected.text,
            "planned_appointments": _shown(expected.planned_appointments),
            "review_on": _shown(expected.review_on),
        },
    )


def from_post(post: QueryDict) -> PlanForm:
    """The form as it was sent. Raises InvalidInput for text that cannot be stored."""
    refuse_nul(post)

    def column(name: str) -> list[str]:
        return [value.strip().replace("\r\n", "\n") for value in post.getlist(name)]

    def one(name: str) -> str:
        return next(iter(column(name)), "")

    return PlanForm(
        base=one("base"),
        title=one("title"),
        goals=_rows(GOAL_FIELDS, zip(*(column(f"goal_{name}") for name in GOAL_FIELDS), strict=False)),
        interventions=_rows(
            INTERVENTION_FIELDS,
            zip(*(column(f"intervention_{name}") for name in INTERVENTION_FIELDS), strict=False),
        ),
        expectation={
            "text": one("expectation"),
            "planned_appointments": one("planned_appointments"),
            "review_on": one("review_on"),
        },
        rationale=one("rationale"),
    )


def _row(*values: object) -> Sequence[object]:
    return values


def _rows(names: Sequence[str], table: Any) -> list[Row]:
    return [dict(zip(names, map(_shown, values), strict=True)) for values in table]


def _shown(value: object) -> str:
    return "" if value is None else str(value)


def _is_filled(row: Row) -> bool:
    return any(value for name, value in row.items() if name not in ("comparator",))
