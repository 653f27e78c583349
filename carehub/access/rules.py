"""A rule book made ready: how pressing an event is, what it asks of a member, and by which clock.

What is policy stands in the book (rulebook.json, or an organization's own); what stands here is mechanism.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

from carehub.events.catalogue import PRIORITIES, IncidentClosed, IncidentOpened, ObligationEscalated, Priority
from carehub.events.models import Obligation

from .rulebook import BUILT_IN, AskRule, Book, ClockRule, PriorityRule, minutes
from .selectors import CONDITIONS, DECIDING, ROLES, SELECTORS, Member

_STRENGTH = list(Obligation)

NEVER_ESCALATES: frozenset[str] = frozenset({ObligationEscalated.type, IncidentOpened.type, IncidentClosed.type})
"""What the ladder itself says is not escalated again; an open incident re-asks its owner by its own clock."""

ADDRESSED_ONLY: frozenset[str] = frozenset({ObligationEscalated.type})
"""Event types that reach only whom they address; the rest of the team is excluded "by role"."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Elapsed time from publishing until an obligation must be received, acknowledged, or becomes an incident."""

    delivered: timedelta
    acknowledged: timedelta
    incident: timedelta


@dataclass(frozen=True, slots=True)
class Rules:
    """One book, by event type. `id` is its version's; None for the built-in one."""

    id: UUID | None
    clocks: Mapping[str, Clock]
    priorities: Mapping[str, PriorityRule]
    asks: Mapping[str, Sequence[AskRule]]

    def priority_of(self, fact: Any) -> Priority:
        """The priority of an event by its type and content; routine for a type that no rule names."""
        rule = self.priorities.get(fact.type)
        if rule is None:
            return "routine"
        value = DECIDING[rule.by].of(fact)
        return cast(Priority, rule.gives[value] if rule.gives else value)

    def asked_of(self, fact: Any, member: Member) -> tuple[Obligation, str]:
        """What the event asks of a member who may read it, and why: to read it, where no rule asks more."""
        asks = [rule for rule in self.asks.get(fact.type, ()) if _fits(rule, fact, member)]
        found = max(asks, key=lambda rule: _STRENGTH.index(Obligation(rule.obligation)), default=None)
        return (Obligation(found.obligation), found.ground) if found else (Obligation.INFORM, "role")


def ready(book: Book, id: UUID | None = None) -> Rules:
    """A book made ready.

    An event type that it does not name came into the catalogue after it was adopted: there the built-in book counts,
    so that an upgrade never silences anybody.
    """
    known = {rule.event for rule in book.priorities}
    asks: dict[str, list[AskRule]] = defaultdict(list)
    for rule in (*book.asks, *(late for late in BUILT_IN.asks if late.event not in known)):
        asks[rule.event].append(rule)
    return Rules(
        id=id,
        clocks={priority: _clock(book.clocks.of(priority)) for priority in PRIORITIES},
        priorities={rule.event: rule for rule in (*BUILT_IN.priorities, *book.priorities)},
        asks=dict(asks),
    )


def _clock(rule: ClockRule) -> Clock:
    return Clock(minutes(rule.delivered_minutes), minutes(rule.acknowledged_minutes), minutes(rule.incident_minutes))


def _fits(rule: AskRule, fact: Any, member: Member) -> bool:
    if not CONDITIONS[rule.when].holds(fact):
        return False
    return member.has(*rule.roles) if rule.who == ROLES else SELECTORS[rule.who].picks(fact, member)


DEFAULT: Rules = ready(BUILT_IN)
