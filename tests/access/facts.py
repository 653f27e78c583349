"""One fact of each type, and of each kind that the rules tell apart; `ME` is the person whom it names."""

from datetime import UTC, datetime
from uuid import UUID

from carehub.events.catalogue import (
    Coding,
    CoverMissing,
    Fact,
    FlagAnswered,
    FlagRaised,
    GoalProgressed,
    IncidentClosed,
    IncidentOpened,
    MembershipEnded,
    MembershipStarted,
    MessagePosted,
    ObligationEscalated,
    PlanRevised,
    RecordOpened,
)

ME, OTHER, THING = (UUID(int=number) for number in (1, 2, 3))


def plan(*, is_material: bool) -> PlanRevised:
    return PlanRevised(
        plan_id=THING,
        revision=1,
        title="Exposure",
        rationale="Agreed",
        changes=["frequency"],
        is_material=is_material,
        provider_ids=[ME],
    )


def flag(severity: str) -> FlagRaised:
    return FlagRaised(
        flag_id=THING,
        coding=Coding(system="s", code="c", display="d"),
        severity=severity,  # type: ignore[arg-type]
        category="clinical",
        note="",
        question="Does this change your plan?",
        asked_roles=["therapist", "psychiatrist"],
    )


def message(priority: str, *, asks: bool) -> MessagePosted:
    return MessagePosted(
        thread_id=THING,
        message_id=THING,
        text="Hello",
        priority=priority,  # type: ignore[arg-type]
        mentioned_ids=[ME],
        mentioned_roles=["nurse"],
        asks_acknowledgement=asks,
    )


FACTS: dict[str, Fact] = {
    "record.opened": RecordOpened(title="Grief"),
    "membership.started": MembershipStarted(
        membership_id=THING, person_id=ME, person_name="Me", role="nurse", purpose=""
    ),
    "membership.ended": MembershipEnded(
        membership_id=THING, person_id=OTHER, person_name="Other", role="nurse", reason="Moved", successor_id=None
    ),
    "plan.revised, material": plan(is_material=True),
    "plan.revised": plan(is_material=False),
    "goal.progressed": GoalProgressed(goal_id=THING, text="Walk", was="in-progress", now="improving", note=""),
    "flag.raised, low": flag("low"),
    "flag.raised, moderate": flag("moderate"),
    "flag.raised, high": flag("high"),
    "flag.raised, critical": flag("critical"),
    "flag.answered": FlagAnswered(
        flag_id=THING, raised_by_id=ME, display="d", roles=["therapist"], changes_plan=True, text="Slower"
    ),
    "message.posted": message("routine", asks=False),
    "message.posted, asks": message("urgent", asks=True),
    "message.posted, asap": message("asap", asks=True),
    "message.posted, stat": message("stat", asks=True),
    "obligation.escalated": ObligationEscalated(
        about_event_id=THING,
        about_type="plan.revised",
        person_id=OTHER,
        person_name="Other",
        rung="cover",
        due_at=datetime(2026, 3, 1, 12, tzinfo=UTC),
    ),
    "cover.missing": CoverMissing(role="psychiatrist", starts_at=datetime(2026, 3, 1, 18, tzinfo=UTC), ends_at=None),
    "incident.opened": IncidentOpened(
        incident_id=THING, about_event_id=THING, about_type="plan.revised", owner_id=ME, owner_name="Me"
    ),
    "incident.closed": IncidentClosed(incident_id=THING, about_event_id=THING, reason="Done"),
}
