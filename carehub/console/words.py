"""What codes are called on the screen. The same words in every page, and in live.js for times."""

from datetime import datetime, timedelta

from carehub.access.words import PRIORITY_WORDS, ground_of_another, ground_of_mine
from carehub.events.catalogue import CATALOGUE

__all__ = ["PRIORITY_WORDS", "ground_of_another", "ground_of_mine"]

STATE_WORDS = {
    "pending": "not received yet",
    "received": "received, not seen yet",
    "seen": "seen",
    "acknowledged": "acknowledged",
    "answered": "answered",
    "handed_over": "handed over",
    "superseded": "replaced by a newer version",
    "withdrawn": "withdrawn",
    "excluded": "not told",
}

EVENT_TITLES = {
    "record.opened": "Record opened",
    "membership.started": "New on the team",
    "membership.ended": "Left the team",
    "plan.revised": "Treatment plan",
    "goal.progressed": "Progress on a goal",
    "flag.raised": "Medical flag",
    "flag.answered": "Answer to a flag",
    "message.posted": "Message",
    "obligation.escalated": "Overdue",
    "incident.opened": "Incident",
    "incident.closed": "Incident closed",
    "cover.missing": "Nobody covers",
}


def title(event_type: str) -> str:
    """`Treatment plan` for plan.revised; for a type that this version does not know, that it cannot be shown."""
    return EVENT_TITLES.get(event_type, "Cannot be shown")


def phrase(event_type: str) -> str:
    """What completes "<author> ..." for an event of this type."""
    known = CATALOGUE.get(event_type)
    return known.phrase if known else "did something that this version cannot show"


def span(length: timedelta) -> str:
    """A length of time in its largest unit: `3 hours`, `1 day`, `less than a minute`."""
    seconds = abs(int(length.total_seconds()))
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
    return "less than a minute"


def relative(moment: datetime, now: datetime) -> str:
    """`3 hours ago`, `in 2 days`."""
    return f"in {span(moment - now)}" if moment > now else f"{span(now - moment)} ago"


def due(moment: datetime, now: datetime) -> str:
    """`due in 3 hours`, `overdue by 20 minutes`."""
    return f"due in {span(moment - now)}" if moment > now else f"overdue by {span(now - moment)}"
