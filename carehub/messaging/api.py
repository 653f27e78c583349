from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta

from carehub.core.fields import Limit, LongText
from carehub.core.idempotency import Made
from carehub.core.rest import Call, Endpoint, Struct, reads, writes
from carehub.directory.wire import PersonOut, person_out
from carehub.events.catalogue import Priority

from . import actions, queries
from .models import Message


class PostMessage(Struct):
    text: LongText
    priority: Priority = "routine"
    mentioned_ids: Annotated[list[UUID], Meta(max_length=100)] = []
    mentioned_roles: Annotated[list[str], Meta(max_length=13)] = []
    asks_acknowledgement: bool = False


class MessageOut(Struct):
    id: UUID
    author: PersonOut
    at: datetime
    text: str
    priority: str
    mentioned_ids: list[UUID]
    mentioned_roles: list[str]
    asks_acknowledgement: bool
    event_id: UUID


class MessagesQuery(Struct):
    before: UUID | None = None
    limit: Limit = 50


class MessageList(Struct):
    results: list[MessageOut]
    next: UUID | None


class Messages(Endpoint):
    @reads("The team thread, newest first", takes=MessagesQuery, gives=MessageList, capability="message.read")
    def get(self, request: Call, record_id: UUID, params: MessagesQuery) -> MessageList:
        page = queries.messages(by=request.user, record_id=record_id, before=params.before, limit=params.limit)
        rows = [_message(message) for message in page]
        return MessageList(results=rows, next=rows[-1].id if len(rows) == params.limit else None)

    @writes("Write to the team", takes=PostMessage, gives=MessageOut, capability="message.post")
    def post(self, request: Call, record_id: UUID, body: PostMessage) -> Made:
        message = actions.post_message(
            by=request.user,
            record_id=record_id,
            text=body.text,
            priority=body.priority,
            mentioned_ids=body.mentioned_ids,
            mentioned_roles=body.mentioned_roles,
            asks_acknowledgement=body.asks_acknowledgement,
        )
        return {"message": str(message.pk)}

    def show(self, request: Call, made: Made, record_id: UUID) -> MessageOut:
        message_id = UUID(str(made["message"]))
        return _message(queries.get_message(by=request.user, record_id=record_id, message_id=message_id))


def _message(message: Message) -> MessageOut:
    return MessageOut(
        id=message.pk,
        author=person_out(message.author),
        at=message.at,
        text=message.text,
        priority=message.priority,
        mentioned_ids=message.mentioned_ids,
        mentioned_roles=message.mentioned_roles,
        asks_acknowledgement=message.asks_acknowledgement,
        event_id=message.event_id,
    )
