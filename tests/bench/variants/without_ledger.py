"""CareHub whose hub believes the hint: it sends a constant event for each number hinted and reads nothing."""

from datetime import UTC, datetime
from uuid import UUID

import msgspec

from carehub.delivery.frames import EventFrame
from carehub.delivery.hub import Hub, Ring
from carehub.directory.wire import PersonOut
from carehub.events.wire import EventOut
from config.asgi import application

_PERSON = UUID("01990000-0001-7000-8000-000000000000")


def _event(n: int) -> msgspec.Raw:
    event = EventOut(
        id=_PERSON,
        type="message.posted",
        record_id=_PERSON,
        at=datetime(2026, 1, 1, tzinfo=UTC),
        author=PersonOut(id=_PERSON, name="Person 0"),
        priority="routine",
        topic="",
        body=msgspec.Raw(msgspec.json.encode({"text": f"bench-{n:08d} " + "x" * 200, "thread_id": _PERSON})),
    )
    return msgspec.Raw(msgspec.json.encode(event))


def _obey(self: Hub, data: bytes) -> None:
    hint = msgspec.json.decode(data, type=Ring)
    encoded: dict[int, msgspec.Raw] = {}
    for person, n in hint.n.items():
        for connection in self._people.get(person, ()):
            if n > connection.cursor and connection.room:
                event = encoded.get(n) or encoded.setdefault(n, _event(n))
                connection.append_event(
                    EventFrame(n=n, obligation="inform", due_at=None, ground="role", state="pending", event=event)
                )


Hub._obey = _obey  # type: ignore[method-assign]

__all__ = ["application"]
