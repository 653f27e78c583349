"""The rungs that a silent obligation climbs, as data: when each falls due and whom it reaches for.

Our own proposal, to be replaced by a site. Times are taken from the delivery's deadline backwards and forwards, so
that an inherited deadline is escalated on the first clock; the clock is that of the rule book under which the event
was published, so that new rules move no open deadline. Nothing is chosen before a rung falls due.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from carehub.access.books import rules_of
from carehub.access.rules import Clock
from carehub.events.models import Delivery

Reaches = Literal["person", "colleague", "overseer"]


@dataclass(frozen=True, slots=True)
class Rung:
    """`name` and `meaning` stand in reports; `reaches` says whom, chosen when the rung falls due."""

    number: int
    name: str
    meaning: str
    reaches: Reaches


UNDELIVERED = Rung(1, "undelivered", "nothing has arrived on any device: another channel", "person")
REMINDED = Rung(2, "reminded", "half of the time is over: a reminder", "person")
COVER = Rung(
    3,
    "cover",
    "the deadline has passed: the delegate, a colleague in the same role, else the care manager",
    "colleague",
)
ON_CALL = Rung(
    4, "on-call", "still silent: who is on call, another in the same role, else the care manager", "colleague"
)
COORDINATOR = Rung(5, "coordinator", "still silent: the record's overseer", "overseer")
INCIDENT = Rung(6, "incident", "nobody answered: an incident with an owner, until a person closes it", "overseer")

LADDER: tuple[Rung, ...] = (UNDELIVERED, REMINDED, COVER, ON_CALL, COORDINATOR, INCIDENT)


def falls_due(rung: Rung, *, due_at: datetime, clock: Clock) -> datetime:
    """When this rung is climbed for a delivery with this deadline."""
    late = clock.incident - clock.acknowledged
    offsets: dict[Rung, timedelta] = {
        UNDELIVERED: clock.delivered - clock.acknowledged,
        REMINDED: max(clock.delivered, clock.acknowledged / 2) - clock.acknowledged,
        COVER: timedelta(),
        ON_CALL: late / 3,
        COORDINATOR: late * 2 / 3,
        INCIDENT: late,
    }
    return due_at + offsets[rung]


def next_at(climbed: Rung, *, due_at: datetime, priority: str, rulebook_id: UUID | None) -> datetime | None:
    """When the rung after this one falls due, by the event's rule book; None after the last."""
    if climbed is INCIDENT:
        return None
    return falls_due(LADDER[climbed.number], due_at=due_at, clock=rules_of(rulebook_id).clocks[priority])


@dataclass(frozen=True, slots=True)
class Step:
    """The rung that will be climbed next if nothing happens until then."""

    rung: Rung
    at: datetime


def next_step(row: Delivery) -> Step | None:
    """What happens next about an obligation, loaded with its event; None if it has no ladder, or has climbed it."""
    if row.next_rung_at is None or row.due_at is None or row.rung >= len(LADDER):
        return None
    rung = LADDER[row.rung]
    if rung is UNDELIVERED and row.received_at is not None:
        clock = rules_of(row.event.rulebook_id).clocks[row.priority]
        return Step(REMINDED, falls_due(REMINDED, due_at=row.due_at, clock=clock))
    return Step(rung, row.next_rung_at)
