"""Every event there is. A body may hold no other field and no other type than declared here.

An event is a past-tense fact. `topic` ties the versions of one thing together; a `standing` event is the current
version until the next one and is what a newcomer to the team catches up with. `phrase` completes "<author> ..." in
feeds, timelines and notifications' subject-free previews; it carries nothing clinical.
"""

from datetime import datetime
from typing import Any, ClassVar, Literal
from uuid import UUID

import msgspec

Priority = Literal["routine", "urgent", "asap", "stat"]
PRIORITIES: tuple[Priority, ...] = ("routine", "urgent", "asap", "stat")


class Coding(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """A code of a code system, with the words that people read (FHIR Coding)."""

    system: str
    code: str
    display: str


class Fact(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """Base of every event's body."""

    type: ClassVar[str]
    phrase: ClassVar[str]
    is_standing: ClassVar[bool] = False

    def topic(self) -> str:
        """The thing of which this is a version, or the empty string."""
        return ""


class RecordOpened(Fact, frozen=True):
    type = "record.opened"
    phrase = "opened the record"
    title: str


class MembershipStarted(Fact, frozen=True):
    type = "membership.started"
    phrase = "added somebody to the team"
    membership_id: UUID
    person_id: UUID
    person_name: str
    role: str
    purpose: str


class MembershipEnded(Fact, frozen=True):
    type = "membership.ended"
    phrase = "ended a place on the team"
    membership_id: UUID
    person_id: UUID
    person_name: str
    role: str
    reason: str
    successor_id: UUID | None


class PlanRevised(Fact, frozen=True):
    type = "plan.revised"
    phrase = "revised the treatment plan"
    is_standing = True
    plan_id: UUID
    revision: int
    title: str
    rationale: str
    changes: list[str]
    is_material: bool
    provider_ids: list[UUID]

    def topic(self) -> str:
        return "plan"


class GoalProgressed(Fact, frozen=True):
    type = "goal.progressed"
    phrase = "recorded progress on a goal"
    goal_id: UUID
    text: str
    was: str
    now: str
    note: str


class FlagRaised(Fact, frozen=True):
    type = "flag.raised"
    phrase = "raised a medical flag"
    is_standing = True
    flag_id: UUID
    coding: Coding
    severity: Literal["low", "moderate", "high", "critical"]
    category: str
    note: str
    question: str
    asked_roles: list[str]

    def topic(self) -> str:
        return f"flag:{self.flag_id}"


class FlagAnswered(Fact, frozen=True):
    type = "flag.answered"
    phrase = "answered a medical flag"
    flag_id: UUID
    raised_by_id: UUID
    display: str
    roles: list[str]
    changes_plan: bool
    text: str

    def topic(self) -> str:
        return f"flag:{self.flag_id}"


class MessagePosted(Fact, frozen=True):
    type = "message.posted"
    phrase = "wrote a message"
    thread_id: UUID
    message_id: UUID
    text: str
    priority: Priority
    mentioned_ids: list[UUID]
    mentioned_roles: list[str]
    asks_acknowledgement: bool


class ObligationEscalated(Fact, frozen=True):
    type = "obligation.escalated"
    phrase = "was told that somebody has not answered in time"
    about_event_id: UUID
    about_type: str
    person_id: UUID
    person_name: str
    rung: str
    due_at: datetime


class IncidentOpened(Fact, frozen=True):
    type = "incident.opened"
    phrase = "opened an incident: nobody has answered"
    incident_id: UUID
    about_event_id: UUID
    about_type: str
    owner_id: UUID
    owner_name: str


class IncidentClosed(Fact, frozen=True):
    type = "incident.closed"
    phrase = "closed an incident"
    incident_id: UUID
    about_event_id: UUID
    reason: str


class CoverMissing(Fact, frozen=True):
    type = "cover.missing"
    phrase = "found that nobody will cover a role"
    role: str
    starts_at: datetime
    ends_at: datetime | None

    def topic(self) -> str:
        return f"cover:{self.role}"


CATALOGUE: dict[str, type[Fact]] = {
    fact.type: fact
    for fact in (
        RecordOpened,
        MembershipStarted,
        MembershipEnded,
        PlanRevised,
        GoalProgressed,
        FlagRaised,
        FlagAnswered,
        MessagePosted,
        ObligationEscalated,
        IncidentOpened,
        IncidentClosed,
        CoverMissing,
    )
}


def parse(type: str, body: dict[str, Any]) -> Fact:
    """The typed body of a stored event. Raises KeyError for a type that is not in the catalogue."""
    return msgspec.convert(body, type=CATALOGUE[type], strict=False)
