"""Events as cards: what happened, what it asks of me, how far it is with the others."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from carehub.delivery.queries import Progress, progress, state_of
from carehub.directory.models import Person
from carehub.events.catalogue import Fact
from carehub.events.models import Delivery, Event
from carehub.events.rendering import rendered

from . import words


@dataclass(frozen=True, slots=True)
class Card:
    """One event for one reader. `progress` is None where the others are not shown.

    `fact` is None for an event that this version cannot show: the card says so.
    """

    event: Event
    fact: Fact | None
    row: Delivery
    progress: Progress | None

    @property
    def templates(self) -> list[str]:
        """The template that words this type of event, or the one that says only who did what."""
        if self.fact is None:
            return ["console/events/unrenderable.html"]
        return [f"console/events/{self.event.type.replace('.', '_')}.html", "console/events/other.html"]

    @property
    def title(self) -> str:
        """`Treatment plan`."""
        return words.title(self.event.type)

    @property
    def is_short(self) -> bool:
        """Whether a timeline shows it whole; what has a place of its own on the record is folded there."""
        return self.fact is None or not self.event.type.startswith(("plan.", "flag.", "message."))

    @property
    def phrase(self) -> str:
        """Completes "<author> ..."."""
        return words.phrase(self.event.type)

    @property
    def state(self) -> str:
        """How far I am."""
        return state_of(self.row)

    @property
    def is_open(self) -> bool:
        """Whether it still asks something of me."""
        return self.row.due_at is not None and self.row.outcome is None

    @property
    def is_mine(self) -> bool:
        """Whether I wrote it."""
        return self.row.ground == "author"


def from_inbox(by: Person, rows: Iterable[Delivery]) -> list[Card]:
    """Cards of my own deliveries; what I wrote shows how far the others are. At most two queries."""
    rows = list(rows)
    found = progress(by=by, event_ids=[row.event_id for row in rows])
    return [Card(row.event, rendered(row.event.type, row.event.body), row, found.get(row.event_id)) for row in rows]


def from_timeline(events: Iterable[Event], found: Mapping[UUID, Progress]) -> list[Card]:
    """Cards of events of one record, for which `progress` was asked."""
    return [
        Card(event, rendered(event.type, event.body), found[event.pk].mine, found[event.pk])
        for event in events
        if event.pk in found
    ]
