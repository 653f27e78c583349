"""The list of who must know one event: typed and stored here, built by `access.audience` alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from .catalogue import Priority
from .models import Obligation


@dataclass(frozen=True, slots=True)
class Addressee:
    """One person and what the event asks of him.

    `due_in` (for acknowledge and answer) and `first_rung_in` count from the commit's database time; `priority` is
    the clock that they were taken from, where it is not the event's own. With
    `exclusion` set he is on the team but must not see it, and the rest stays empty.
    """

    person_id: UUID
    roles: tuple[str, ...]
    obligation: Obligation = Obligation.NONE
    ground: str = ""
    asked_roles: tuple[str, ...] = ()
    due_in: timedelta | None = None
    first_rung_in: timedelta | None = None
    priority: Priority | None = None
    exclusion: str = ""


@dataclass(frozen=True, slots=True)
class Audience:
    """Every active member of one record, each exactly once, with the event's author, priority and rule book.

    Without `rulebook_id` the built-in rules were asked.
    """

    record_id: UUID
    author_id: UUID | None
    priority: Priority
    addressees: Sequence[Addressee]
    rulebook_id: UUID | None = None

    def recipients(self) -> list[Addressee]:
        """Those who are sent the event, in the order in which inboxes are locked."""
        return sorted((a for a in self.addressees if not a.exclusion), key=lambda a: a.person_id)

    def excluded(self) -> list[Addressee]:
        """Those on the team who are not sent it."""
        return [a for a in self.addressees if a.exclusion]
