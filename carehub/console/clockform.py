"""The form that changes an organization's clocks: lengths of time as people write them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
from django.http import QueryDict

from carehub.access.rulebook import MAX_MINUTES, Book, ClockRule
from carehub.access.words import PRIORITY_WORDS, duration
from carehub.core.errors import CareHubError, InvalidInput
from carehub.events.catalogue import PRIORITIES

from .forms import refuse_nul
from .pages import fresh_key

TIMES = {
    "delivered_minutes": "Received within",
    "acknowledged_minutes": "Acknowledged or answered within",
    "incident_minutes": "Incident after",
}
OURS = "adopted by this organization"
"""The source of a figure that was changed here; who and why stand with the version."""

_UNITS = {"m": 1, "h": 60, "d": 1440}
_LENGTH = re.compile(r"(\d{1,6})\s*(m|min|minutes?|h|hours?|d|days?)?", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class Row:
    """One priority with its three lengths of time as typed."""

    priority: str
    cells: Sequence[tuple[str, str, str]]

    @property
    def words(self) -> str:
        """What the screen calls it."""
        return PRIORITY_WORDS[self.priority]


@dataclass(slots=True)
class ClockForm:
    """As it is shown: the clocks in force, or as typed with what is wrong. `base` is the version that was read."""

    base: str
    typed: dict[str, str]
    reason: str = ""
    refusal: CareHubError | None = None
    key: str = field(default_factory=fresh_key)

    @property
    def rows(self) -> list[Row]:
        """The table, most pressing first; a cell is name, label, text."""
        return [
            Row(p, [(f"{p}-{name}", label, self.typed.get(f"{p}-{name}", "")) for name, label in TIMES.items()])
            for p in reversed(PRIORITIES)
        ]

    @property
    def wrong(self) -> str:
        """The name of the cell that needs another look."""
        return "-".join((self.refusal.pointer or "").split("/")[-2:]) if self.refusal else ""

    @property
    def control(self) -> str:
        """The id of that cell, or empty when no cell is wrong."""
        return f"clock-{self.wrong}" if self.wrong in self.typed else ""

    def book(self, current: Book) -> Book:
        """The current book with the typed clocks. Raises InvalidInput for what is no length of time, or no reason."""
        changed = {p: self._clock(current.clocks.of(p), p) for p in PRIORITIES}
        if not self.reason:
            raise InvalidInput("The reason is missing.", pointer="/rules/reason")
        return msgspec.structs.replace(current, clocks=msgspec.structs.replace(current.clocks, **changed))

    def _clock(self, current: ClockRule, priority: str) -> ClockRule:
        times = {name: _minutes(self.typed[f"{priority}-{name}"], priority, name) for name in TIMES}
        changed = msgspec.structs.replace(current, **times)
        return current if changed == current else msgspec.structs.replace(changed, source=OURS)


def from_book(book: Book, *, base: int) -> ClockForm:
    """The clocks as they are."""
    clocks = ((p, book.clocks.of(p)) for p in PRIORITIES)
    return ClockForm(
        str(base), {f"{p}-{name}": duration(getattr(clock, name)) for p, clock in clocks for name in TIMES}
    )


def from_post(post: QueryDict) -> ClockForm:
    """The clocks as typed. Raises InvalidInput for the one character that cannot be stored."""
    refuse_nul(post)
    typed = {f"{p}-{name}": post.get(f"{p}-{name}", "").strip()[:40] for p in PRIORITIES for name in TIMES}
    return ClockForm(post.get("base", ""), typed, post.get("reason", "").strip()[:8000])


def _minutes(text: str, priority: str, name: str) -> int:
    found = _LENGTH.fullmatch(text)
    count = int(found[1]) * _UNITS[(found[2] or "m")[0].lower()] if found else 0
    if not 1 <= count <= MAX_MINUTES:
        raise InvalidInput(
            f"{TIMES[name]}, {PRIORITY_WORDS[priority]}: write a length of time such as 30 minutes, 8 hours or 3 days; "
            f"from 1 minute to {duration(MAX_MINUTES)}.",
            pointer=f"/rules/clocks/{priority}/{name}",
        )
    return count
