"""A rule book as data: the clocks, how pressing each event is, and who must do what about it, each with its source.

What a book cannot say, it cannot change: who may read an event is the matrix's business (roles.py), and whoever may
read one is told of it. Floors and checks are in floors.py, what the words mean in selectors.py and rules.py.
"""

from datetime import timedelta
from importlib.resources import files
from typing import Annotated

import msgspec
from msgspec import Meta

from carehub.core.fields import ShortText
from carehub.directory.models import Role
from carehub.events.catalogue import CATALOGUE, PRIORITIES
from carehub.events.models import Obligation

MAX_MINUTES = 90 * 24 * 60
"""Ninety days, our own proposal: a clock beyond it is a slip of the pen."""

Minutes = Annotated[int, Meta(ge=1, le=MAX_MINUTES)]
EventType = Annotated[str, Meta(max_length=60, extra_json_schema={"enum": sorted(CATALOGUE)})]
RoleCode = Annotated[str, Meta(max_length=40, extra_json_schema={"enum": list(Role.values)})]
PriorityCode = Annotated[str, Meta(max_length=10, extra_json_schema={"enum": list(PRIORITIES)})]
Asked = Annotated[
    str, Meta(max_length=12, extra_json_schema={"enum": [o.value for o in Obligation if o != Obligation.NONE]})
]
Word = Annotated[str, Meta(max_length=40)]


class Part(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Base of a book's parts."""


class ClockRule(Part, frozen=True):
    """Minutes from publishing until an obligation must be received, acknowledged or answered, or is an incident."""

    delivered_minutes: Minutes
    acknowledged_minutes: Minutes
    incident_minutes: Minutes
    source: ShortText


class ClockRules(Part, frozen=True):
    """One clock for each priority."""

    stat: ClockRule
    asap: ClockRule
    urgent: ClockRule
    routine: ClockRule

    def of(self, priority: str) -> ClockRule:
        """The clock of one priority."""
        found: ClockRule = getattr(self, priority)
        return found


class PriorityRule(Part, kw_only=True, frozen=True):
    """How pressing an event is. `by` says what decides, `gives` the priority for each of its values."""

    event: EventType
    by: Word
    gives: Annotated[dict[Word, PriorityCode], Meta(max_length=20)] = {}
    source: ShortText


class AskRule(Part, kw_only=True, frozen=True):
    """Who must do what about an event. `roles` are for `who: roles` only."""

    event: EventType
    when: Word = "always"
    who: Word
    roles: Annotated[tuple[RoleCode, ...], Meta(max_length=len(Role))] = ()
    obligation: Asked
    ground: Word
    source: ShortText


class Book(Part, frozen=True):
    """A whole book. Of several asks that fit somebody the strongest counts, of equal ones the first."""

    name: ShortText
    clocks: ClockRules
    priorities: Annotated[tuple[PriorityRule, ...], Meta(max_length=200)]
    asks: Annotated[tuple[AskRule, ...], Meta(max_length=200)]


def minutes(count: int) -> timedelta:
    """A length of time of a book."""
    return timedelta(minutes=count)


BUILT_IN: Book = msgspec.json.decode(files(__package__).joinpath("rulebook.json").read_bytes(), type=Book)
"""What counts at an organization that has adopted nothing: our own proposal, with its sources."""
