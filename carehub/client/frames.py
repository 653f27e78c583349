"""What the protocol carries, as values: cursors, events, and the notices of a live connection."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from carehub.client.errors import BadAnswer

# How far a state is. What is ended has overtaken anything that could still be said of it.
_PROGRESS = {"pending": 0, "received": 1, "seen": 2, "acknowledged": 3}
_ENDED = 4


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in an inbox: `<epoch>.<n>`."""

    epoch: str
    n: int

    @classmethod
    def parse(cls, text: object) -> "Cursor":
        """Read a cursor's text; raises BadAnswer when it is none."""
        epoch, dot, n = str(text).rpartition(".")
        if not (epoch and dot and n.isascii() and n.isdigit()):
            raise BadAnswer(f"{text!r} is not a cursor; one looks like <epoch>.<number>.")
        return cls(epoch, int(n))

    def __str__(self) -> str:
        return f"{self.epoch}.{self.n}"


@dataclass(frozen=True, slots=True)
class Author:
    """Who did it."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Event:
    """One event of this person's inbox. `raw` is the frame as it came, for what a newer server adds."""

    epoch: str
    n: int
    obligation: str
    due_at: datetime | None
    ground: str
    state: str
    id: str
    type: str
    record_id: str | None
    at: datetime
    author: Author | None
    priority: str
    topic: str | None
    body: Any
    raw: Mapping[str, Any] = field(repr=False, compare=False)

    @property
    def cursor(self) -> str:
        """The cursor of somebody who has kept everything up to this event."""
        return f"{self.epoch}.{self.n}"

    @property
    def is_open(self) -> bool:
        """Whether the person still owes an acknowledgement or an answer, as it stood when this was sent."""
        return self.obligation in ("acknowledge", "answer") and _PROGRESS.get(self.state, _ENDED) < 3


@dataclass(frozen=True, slots=True)
class Receipt:
    """A state was committed: one's own (`n` set), or another's for an event that one wrote."""

    event_id: str
    person_id: str | None
    n: int | None
    state: str
    at: datetime | None

    def settles(self, wanted: str) -> bool:
        """Whether nothing more needs to be said to reach the state `wanted`."""
        return _PROGRESS.get(self.state, _ENDED) >= _PROGRESS[wanted]


@dataclass(frozen=True, slots=True)
class Connected:
    """The server has said hello. `head` is the inbox's newest n, `open` counts the open obligations."""

    server: str
    epoch: str
    head: int
    open: int


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The socket is gone or could not be had. `retry_in` is in seconds; `code` is the close code, if any."""

    code: int | None
    reason: str
    retry_in: float


@dataclass(frozen=True, slots=True)
class Polled:
    """The inbox was asked over HTTP while the socket is down; `count` events were new."""

    count: int


@dataclass(frozen=True, slots=True)
class Head:
    """The server's heartbeat."""

    n: int
    open: int


@dataclass(frozen=True, slots=True)
class Overseen:
    """Something moved on a record that one oversees: what is shown of it may be old."""


@dataclass(frozen=True, slots=True)
class Resync:
    """The old cursor was not of this inbox: fetch afresh what is shown. `cursor` is the new one."""

    cursor: str
    detail: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The server refused a frame of this client, or of its numbers only `n`."""

    code: str
    detail: str
    pointer: str | None
    in_reply_to: str | None
    n: int | None = None


Notice = Connected | Disconnected | Polled | Head | Overseen | Resync | Refused | Receipt


def read_event(epoch: str, frame: Mapping[str, Any]) -> Event:
    """An `event` frame or a row of the inbox as a value; raises BadAnswer when a field is missing."""
    try:
        event = frame["event"]
        author = event.get("author")
        return Event(
            epoch=epoch,
            n=int(frame["n"]),
            obligation=str(frame["obligation"]),
            due_at=_moment(frame.get("due_at")),
            ground=str(frame.get("ground", "")),
            state=str(frame["state"]),
            id=str(event["id"]),
            type=str(event["type"]),
            record_id=event.get("record_id"),
            at=datetime.fromisoformat(event["at"]),
            author=Author(str(author["id"]), str(author["name"])) if author else None,
            priority=str(event.get("priority", "")),
            topic=event.get("topic"),
            body=event.get("body"),
            raw=frame,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _not_understood("an event", error) from error


def read_receipt(frame: Mapping[str, Any]) -> Receipt:
    """A `receipt` frame, or a row of the answer to receipts, as a value; raises BadAnswer likewise."""
    try:
        return Receipt(
            event_id=str(frame["event_id"]),
            person_id=frame.get("person_id"),
            n=None if frame.get("n") is None else int(frame["n"]),
            state=str(frame["state"]),
            at=_moment(frame.get("at")),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _not_understood("a receipt", error) from error


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _not_understood(what: str, error: Exception) -> BadAnswer:
    return BadAnswer(f"The server sent {what} that this client cannot read ({error!r}); update the client.")
