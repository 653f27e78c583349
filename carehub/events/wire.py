"""An event as every interface shows it: the same fields, and on the socket the same bytes, for its whole audience."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from carehub.directory.wire import PersonOut, person_out

from .catalogue import CATALOGUE
from .models import Event

UNRENDERABLE = "event.unrenderable"
"""The type under which an event is shown whose own type this code does not know, with no topic and an empty body.

It has its number, record, author, priority and time; a version that knows the type shows the rest.
"""


class EventOut(msgspec.Struct):
    id: UUID
    type: str
    record_id: UUID
    at: datetime
    author: PersonOut | None
    priority: str
    topic: str
    body: Any


def event_out(event: Event) -> EventOut:
    """The wire form of a loaded event (with its author)."""
    is_known = event.type in CATALOGUE
    return EventOut(
        id=event.pk,
        type=shown_type(event.type),
        record_id=event.record_id,
        at=event.at,
        author=person_out(event.author) if event.author else None,
        priority=event.priority,
        topic=event.topic if is_known else "",
        body=event.body if is_known else {},
    )


def shown_type(type: str) -> str:
    """The type as interfaces show it."""
    return type if type in CATALOGUE else UNRENDERABLE
