"""Every frame of `carehub.v1`, in both directions. docs/asyncapi.yaml is generated from these types."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

Number = Annotated[int, Meta(ge=0, le=2**53 - 1)]
Numbers = Annotated[list[Annotated[int, Meta(ge=1, le=2**53 - 1)]], Meta(min_length=1, max_length=200)]

SUBPROTOCOL = "carehub.v1"
TICKET_PREFIX = "ticket."
"""A client without a cookie offers its ticket as a second subprotocol, after this prefix."""

MAX_BYTES = 65_536
MAX_PER_SECOND = 20
MAX_SOCKETS = 5


class Frame(msgspec.Struct, tag_field="kind", forbid_unknown_fields=True, kw_only=True):
    """Base of all frames; `kind` tells them apart."""


class Resume(Frame, tag="resume"):
    """First frame: send me all after this cursor; null for only what comes from now on."""

    cursor: Annotated[str, Meta(max_length=60)] | None = None


class Received(Frame, tag="received"):
    """Everything above `above` (null: the cursor that this socket resumed with) and up to n has arrived."""

    n: Number
    above: Number | None = None


class Seen(Frame, tag="seen"):
    """These were shown to the person."""

    n: Numbers


class Acknowledge(Frame, tag="acknowledge"):
    """The person acknowledges these."""

    n: Numbers


ClientFrame = Resume | Received | Seen | Acknowledge


class Hello(Frame, tag="hello"):
    """You are known; `n` is your inbox's head, `open` your open obligations."""

    epoch: int
    n: int
    open: int
    person_id: UUID
    server: str


class EventFrame(Frame, tag="event"):
    """One event of your inbox; `event` is an EventOut, the same bytes for everybody."""

    n: int
    obligation: str
    due_at: datetime | None
    ground: str
    state: str
    event: msgspec.Raw


class Receipt(Frame, tag="receipt"):
    """A committed state: your own (`n` set), or another's on an event that you wrote (`n` null)."""

    event_id: UUID
    person_id: UUID
    n: int | None
    state: str
    at: datetime


class Head(Frame, tag="head"):
    """Where your inbox stands."""

    n: int
    open: int


class Overseen(Frame, tag="overseen"):
    """Something moved on a record that you oversee: what you show of `GET /api/v1/uncommunicated` may be old."""


class Resync(Frame, tag="resync"):
    """Your cursor is of another epoch or from the future; resume with this one."""

    cursor: str
    detail: str


class Error(Frame, tag="error"):
    """Your frame was refused and did nothing; `n` when one number was the reason."""

    code: str
    detail: str
    pointer: str = ""
    in_reply_to: str = ""
    n: int | None = None


ServerFrame = Hello | EventFrame | Receipt | Head | Overseen | Resync | Error

CLOSE_CODES: dict[int, str] = {
    1008: "too many frames, or `resume` was not the first",
    1009: "a frame above 64 KiB",
    1011: "a defect on the server's side",
    1012: "the server restarts",
    1013: "more than 5 sockets of one person",
    4001: "session, token or person ended",
    4013: "30 s without the `received` that the server waits for",
}

_decoder: msgspec.json.Decoder[ClientFrame] = msgspec.json.Decoder(ClientFrame)
encode = msgspec.json.encode


class Malformed(ValueError):
    """A client frame that does nothing; `reply` says why."""

    def __init__(self, reply: Error) -> None:
        super().__init__(reply.code)
        self.reply = reply


def parse_client(text: str) -> ClientFrame:
    """The frame that a client sent. Raises Malformed with the error frame to answer with."""
    if "\\u0000" in text or "\x00" in text:
        raise Malformed(Error(code="invalid-frame", detail="The character U+0000 is not allowed."))
    try:
        return _decoder.decode(text)
    except msgspec.ValidationError as error:
        sentence, _, path = str(error).partition(" - at `")
        if "$.kind" in path or "missing required field `kind`" in sentence:
            sentence = f"{sentence}. Kinds: resume, received, seen, acknowledge"
        pointer = path.rstrip("`").lstrip("$").replace(".", "/").replace("[", "/").replace("]", "")
        raise Malformed(Error(code="invalid-frame", detail=f"{sentence}.", pointer=pointer)) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Malformed(Error(code="malformed-json", detail=f"Not well-formed JSON: {error}.")) from None


def parse_cursor(cursor: str) -> tuple[int, int] | None:
    """`<epoch>.<n>` as numbers; None when it is not of that form."""
    epoch, dot, n = cursor.partition(".")
    if not dot or not (epoch.isascii() and epoch.isdigit() and n.isascii() and n.isdigit()):
        return None
    if len(epoch) > 9 or len(n) > 15:
        return None
    return int(epoch), int(n)
