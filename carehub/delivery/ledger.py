"""Read inboxes: one statement for the hub (many people at once) and for `GET /api/v1/inbox` (one).

Rows that a person may no longer read come back without content: their number still moves the cursor on. An event of
a type that this code does not know is shown as one that cannot be shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec

from carehub.access.policy import HIDDEN_SQL, READABLE_SQL
from carehub.access.roles import EVENT_READ, READERS
from carehub.directory.wire import PersonOut
from carehub.events.wire import UNRENDERABLE, EventOut

from .frames import EventFrame

PAGE = 100

# The shape is pinned by LATERAL ... LIMIT: one short index scan for each (person, after), on an empty ledger and on
# a large one alike.
READ_SQL = f"""
SELECT c.slot, d.n, d.obligation, d.due_at, d.ground,
       coalesce(d.outcome, CASE WHEN d.seen_at IS NOT NULL THEN 'seen'
                                WHEN d.received_at IS NOT NULL THEN 'received' ELSE 'pending' END) AS state,
       CASE WHEN {READABLE_SQL} THEN e.body::text WHEN {HIDDEN_SQL} THEN '' END AS body,
       e.id, e.type, e.record_id, e.at, e.author_id, a.name, e.priority, e.topic
  FROM unnest(%(persons)s::uuid[], %(afters)s::bigint[]) WITH ORDINALITY AS c(person_id, after, slot)
 CROSS JOIN LATERAL (
       SELECT * FROM events_delivery
        WHERE events_delivery.person_id = c.person_id AND events_delivery.n > c.after
        ORDER BY events_delivery.n LIMIT %(page)s
     ) AS d
  JOIN events_event e ON e.id = d.event_id
  LEFT JOIN directory_person a ON a.id = e.author_id
 ORDER BY c.slot, d.n
"""


def read_parameters(persons: Sequence[UUID], afters: Sequence[int], page: int = PAGE) -> dict[str, Any]:
    """The parameters of READ_SQL: pairs of person and cursor; `page` rows at most for each pair."""
    return {
        "persons": list(persons),
        "afters": list(afters),
        "page": page,
        "readers": list(READERS),
        "known": list(EVENT_READ),
    }


@dataclass(slots=True)
class Entry:
    """One inbox row. `slot` is the 1-based place of its (person, after) pair; `frame` is None when refused."""

    slot: int
    n: int
    record_id: UUID
    frame: EventFrame | None


def entries(rows: Sequence[tuple[Any, ...]]) -> list[Entry]:
    """Rows of READ_SQL as frames; each event is encoded once, however many people it goes to."""
    encoded: dict[UUID, msgspec.Raw] = {}
    found = []
    for slot, n, obligation, due_at, ground, state, body, id, type, record_id, *event in rows:
        if body is None:
            found.append(Entry(slot, n, record_id, None))
            continue
        raw = encoded.get(id)
        if raw is None:
            raw = encoded[id] = _encode(id, body, type, record_id, *event)
        frame = EventFrame(n=n, obligation=obligation, due_at=due_at, ground=ground, state=state, event=raw)
        found.append(Entry(slot, n, record_id, frame))
    return found


def _encode(
    id: UUID,
    body: str,
    type: str,
    record_id: UUID,
    at: Any,
    author_id: UUID | None,
    name: str,
    priority: str,
    topic: str,
) -> msgspec.Raw:
    event = EventOut(
        id=id,
        type=type if body else UNRENDERABLE,
        record_id=record_id,
        at=at,
        author=PersonOut(id=author_id, name=name) if author_id else None,
        priority=priority,
        topic=topic if body else "",
        body=msgspec.Raw(body.encode() or b"{}"),
    )
    return msgspec.Raw(msgspec.json.encode(event))
