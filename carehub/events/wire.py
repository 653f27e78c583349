"""An event as every interface shows it: the same fields, and on the socket the same bytes, for its whole audience."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from carehub.directory.wire import PersonOut, person_out

from .models import Event


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
    return EventOut(
        id=event.pk,
        type=event.type,
        record_id=event.record_id,
        at=event.at,
        author=person_out(event.author) if event.author else None,
        priority=event.priority,
        topic=event.topic,
        body=event.body,
    )
