"""An event as every interface shows it: the same fields, and on the socket the same bytes, for its whole audience."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from .models import Event


class AuthorOut(msgspec.Struct):
    id: UUID
    name: str


class EventOut(msgspec.Struct):
    id: UUID
    type: str
    record_id: UUID
    at: datetime
    author: AuthorOut | None
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
        author=AuthorOut(id=event.author.pk, name=event.author.name) if event.author else None,
        priority=event.priority,
        topic=event.topic,
        body=event.body,
    )
