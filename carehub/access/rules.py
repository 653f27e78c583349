"""Who must know what, by event type: the default table, and the clocks.

Our own proposal throughout, labelled so: sites differ, and a later release lets each organization keep its own
version. The stat clock follows critical-result practice (CLSI GP47: one hour; College of American Pathologists:
15 to 30 minutes in hospital).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from carehub.directory.models import Role
from carehub.events.catalogue import (
    FlagAnswered,
    FlagRaised,
    IncidentClosed,
    IncidentOpened,
    MembershipEnded,
    MessagePosted,
    ObligationEscalated,
    PlanRevised,
    Priority,
)
from carehub.events.models import Obligation

from .roles import CLINICIANS, PRESCRIBERS


@dataclass(frozen=True, slots=True)
class Clock:
    """Elapsed time from publishing until an obligation must be received, acknowledged, or becomes an incident."""

    delivered: timedelta
    acknowledged: timedelta
    incident: timedelta


CLOCKS: dict[Priority, Clock] = {
    "stat": Clock(timedelta(minutes=5), timedelta(minutes=30), timedelta(minutes=60)),
    "asap": Clock(timedelta(minutes=15), timedelta(hours=4), timedelta(hours=8)),
    "urgent": Clock(timedelta(hours=1), timedelta(hours=8), timedelta(hours=24)),
    "routine": Clock(timedelta(hours=24), timedelta(days=3), timedelta(days=7)),
}

SEVERITY_PRIORITY: dict[str, Priority] = {
    "low": "routine",
    "moderate": "urgent",
    "high": "asap",
    "critical": "stat",
}


@dataclass(frozen=True, slots=True)
class Member:
    """One active member as the rules see him."""

    person_id: UUID
    roles: tuple[Role, ...]
    is_care_manager: bool

    def has(self, *roles: Role) -> bool:
        """Whether he holds one of these roles on the record."""
        return any(role in roles for role in self.roles)


Ask = tuple[Obligation, str]
"""An obligation with its ground: why this person."""


def _plan_revised(fact: PlanRevised, member: Member) -> Iterator[Ask]:
    """Must acknowledge, if it is material: prescribers, providers named in an intervention, the care manager."""
    if not fact.is_material:
        return
    if member.person_id in fact.provider_ids:
        yield Obligation.ACKNOWLEDGE, "named"
    if member.has(*PRESCRIBERS):
        yield Obligation.ACKNOWLEDGE, "role"
    if member.is_care_manager:
        yield Obligation.ACKNOWLEDGE, "care_manager"


def _flag_raised(fact: FlagRaised, member: Member) -> Iterator[Ask]:
    """Must answer: holders of an asked role, or the care manager for it. Must acknowledge: other clinicians."""
    if member.has(*(Role(role) for role in fact.asked_roles)):
        yield Obligation.ANSWER, "asked"
    if member.has(*CLINICIANS):
        yield Obligation.ACKNOWLEDGE, "role"


def _flag_answered(fact: FlagAnswered, member: Member) -> Iterator[Ask]:
    """Must acknowledge: whoever raised the flag."""
    if member.person_id == fact.raised_by_id:
        yield Obligation.ACKNOWLEDGE, "raiser"


def _message_posted(fact: MessagePosted, member: Member) -> Iterator[Ask]:
    """Must acknowledge, if the writer asks for it: the people and the roles that are mentioned."""
    mentioned = member.person_id in fact.mentioned_ids or member.has(*(Role(r) for r in fact.mentioned_roles))
    if mentioned:
        yield (Obligation.ACKNOWLEDGE if fact.asks_acknowledgement else Obligation.INFORM), "mentioned"


def _membership_ended(fact: MembershipEnded, member: Member) -> Iterator[Ask]:
    """Must acknowledge: the care manager."""
    if member.is_care_manager:
        yield Obligation.ACKNOWLEDGE, "care_manager"


def _incident_opened(fact: IncidentOpened, member: Member) -> Iterator[Ask]:
    """Must acknowledge: the incident's owner. Informed: the record's other overseers."""
    if member.person_id == fact.owner_id:
        yield Obligation.ACKNOWLEDGE, "owner"


RULES: dict[str, Callable[[Any, Member], Iterator[Ask]]] = {
    "plan.revised": _plan_revised,
    "flag.raised": _flag_raised,
    "flag.answered": _flag_answered,
    "message.posted": _message_posted,
    "membership.ended": _membership_ended,
    "incident.opened": _incident_opened,
}
"""What an event asks beyond informing; an event type without a rule informs everybody who may read it.

Each rule's docstring is what docs/events.md says of its type.
"""

NEVER_ESCALATES: frozenset[str] = frozenset({ObligationEscalated.type, IncidentOpened.type, IncidentClosed.type})
"""What the ladder itself says is not escalated again; an open incident re-asks its owner by its own clock."""

ADDRESSED_ONLY: frozenset[str] = frozenset({ObligationEscalated.type})
"""Event types that reach only whom they address; the rest of the team is excluded "by role"."""


PRIORITY_IN_WORDS: dict[str, str] = {
    "flag.raised": "by severity: " + ", ".join(f"{severity} is {p}" for severity, p in SEVERITY_PRIORITY.items()),
    "plan.revised": "urgent when material, else routine",
    "message.posted": "as its writer chose",
    "flag.answered": "urgent",
    "membership.ended": "urgent",
    "obligation.escalated": "urgent",
    "incident.opened": "asap",
    "incident.closed": "urgent",
}
"""What `priority_of` does, for docs/events.md; every other type is routine."""


def priority_of(fact: Any) -> Priority:
    """The priority of an event by its type and content."""
    match fact:
        case FlagRaised():
            return SEVERITY_PRIORITY[fact.severity]
        case PlanRevised():
            return "urgent" if fact.is_material else "routine"
        case MessagePosted():
            return fact.priority
        case FlagAnswered() | MembershipEnded() | ObligationEscalated() | IncidentClosed():
            return "urgent"
        case IncidentOpened():
            return "asap"
    return "routine"
