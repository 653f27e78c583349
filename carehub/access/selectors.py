"""The closed set of words with which a rule book names people and conditions, each with what it means."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from carehub.directory.models import Role

from .roles import CLINICIANS, PRESCRIBERS


@dataclass(frozen=True, slots=True)
class Member:
    """One active member as the rules see him."""

    person_id: UUID
    roles: tuple[Role, ...]
    is_care_manager: bool

    def has(self, *roles: str) -> bool:
        """Whether he holds one of these roles on the record."""
        return any(role in roles for role in self.roles)


@dataclass(frozen=True, slots=True)
class Selector:
    """People whom a rule names. `reads` is the field of the event that it needs; `ground` is why they are told."""

    words: str
    ground: str
    picks: Callable[[Any, Member], bool]
    reads: str = ""


def _is_mentioned(fact: Any, member: Member) -> bool:
    return member.person_id in fact.mentioned_ids or member.has(*fact.mentioned_roles)


SELECTORS: dict[str, Selector] = {
    "asked_roles": Selector("holders of an asked role", "asked", lambda f, m: m.has(*f.asked_roles), "asked_roles"),
    "named_providers": Selector(
        "clinicians named in an intervention", "named", lambda f, m: m.person_id in f.provider_ids, "provider_ids"
    ),
    "care_manager": Selector("the care manager", "care_manager", lambda f, m: m.is_care_manager),
    "raiser": Selector("whoever raised the flag", "raiser", lambda f, m: m.person_id == f.raised_by_id, "raised_by_id"),
    "mentioned": Selector("those mentioned", "mentioned", _is_mentioned, "mentioned_ids"),
    "owner": Selector("the incident's owner", "owner", lambda f, m: m.person_id == f.owner_id, "owner_id"),
    "clinicians": Selector("clinicians", "role", lambda f, m: m.has(*CLINICIANS)),
    "prescribers": Selector("prescribers", "role", lambda f, m: m.has(*PRESCRIBERS)),
}

ROLES = "roles"
"""The selector that names its roles in the ask itself; its ground is `role`."""

SELECTOR_NAMES = (*SELECTORS, ROLES)


@dataclass(frozen=True, slots=True)
class Condition:
    """When an ask counts. `reads` is the field of the event that must be true; empty: it always counts."""

    words: str
    reads: str = ""

    def holds(self, fact: Any) -> bool:
        """Whether it counts for this event."""
        return not self.reads or bool(getattr(fact, self.reads))


CONDITIONS: dict[str, Condition] = {
    "always": Condition(""),
    "material": Condition("if it is material", "is_material"),
    "asks_acknowledgement": Condition("if its writer asks for it", "asks_acknowledgement"),
}


@dataclass(frozen=True, slots=True)
class Deciding:
    """What decides how pressing an event is: `values` are what a rule must give a priority for.

    `of` is the value of one event; `reads` is the field that it needs.
    """

    values: tuple[str, ...]
    of: Callable[[Any], str]
    reads: str = ""


DECIDING: dict[str, Deciding] = {
    "fixed": Deciding(("always",), lambda fact: "always"),
    "severity": Deciding(("low", "moderate", "high", "critical"), lambda fact: str(fact.severity), "severity"),
    "material": Deciding(
        ("material", "other"), lambda fact: "material" if fact.is_material else "other", "is_material"
    ),
    "writer": Deciding((), lambda fact: str(fact.priority), "priority"),
}
"""`writer` gives what the event itself says, and needs no table."""
