"""The rungs that a silent obligation climbs, as data. Times come from the record's clock (access/rules.py).

The first two of the ladder; each leaves an Escalation row, once.
"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Rung:
    """`name` stands in reports; `reaches` says whom: the silent person, or the record's overseer."""

    number: int
    name: str
    reaches: str


UNDELIVERED = Rung(1, "undelivered", "the person, by mail, when nothing was received in time")
OVERDUE = Rung(2, "overdue", "the care manager, in the inbox and by mail, when the deadline has passed")

LADDER: tuple[Rung, ...] = (UNDELIVERED, OVERDUE)


def next_at(climbed: Rung, due_at: datetime) -> datetime | None:
    """When the rung after this one falls due; None after the last."""
    return due_at if climbed is UNDELIVERED else None
