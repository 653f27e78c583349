"""Write deliveries that an action has changed in memory: one statement, however many there are."""

from collections.abc import Sequence

from django.db import connection

from .models import Delivery

_COLUMNS: dict[str, str] = {
    "n": "bigint",
    "obligation": "text",
    "ground": "text",
    "exclusion": "text",
    "priority": "text",
    "due_at": "timestamptz",
    "next_rung_at": "timestamptz",
    "rung": "smallint",
    "round": "smallint",
    "received_at": "timestamptz",
    "seen_at": "timestamptz",
    "outcome": "text",
    "outcome_at": "timestamptz",
    "outcome_by_id": "uuid",
    "outcome_reason": "text",
}
_LISTS = ("roles", "asked_roles")  # of codes, which hold no comma: PostgreSQL has no arrays of uneven arrays
_TYPES = {"person_id": "uuid", "event_id": "uuid"} | _COLUMNS | dict.fromkeys(_LISTS, "text")

_WRITE = f"""
UPDATE events_delivery d
   SET {", ".join(f"{name} = c.{name}" for name in _COLUMNS)},
       {", ".join(f"{name} = string_to_array(c.{name}, ',')" for name in _LISTS)}
  FROM unnest({", ".join(f"%({name})s::{kind}[]" for name, kind in _TYPES.items())}) AS c({", ".join(_TYPES)})
 WHERE d.person_id = c.person_id AND d.event_id = c.event_id
"""


def write(rows: Sequence[Delivery]) -> None:
    """Store these rows as they are now. The caller has locked them, so that nothing of another writer is undone."""
    if not rows:
        return
    given = {name: [getattr(row, name) for row in rows] for name in _TYPES}
    for name in _LISTS:
        given[name] = [",".join(codes) for codes in given[name]]
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, given)
