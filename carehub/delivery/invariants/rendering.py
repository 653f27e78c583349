"""Every event can be shown by the code that serves."""

from carehub.events.catalogue import CATALOGUE

from .invariant import Invariant

_KNOWN = "ARRAY[" + ", ".join(repr(type) for type in sorted(CATALOGUE)) + "]"

RENDERING: tuple[Invariant, ...] = (
    Invariant(
        "event-can-be-shown",
        "Each event's type is in this version's catalogue, and no body was found that does not fit its type.",
        "events_event",
        f"""
        SELECT 'events_event', jsonb_build_object('id', e.id),
               CASE WHEN e.type <> ALL({_KNOWN}) THEN 'its type is not in the catalogue' ELSE u.reason END
          FROM events_event e
          LEFT JOIN delivery_unrenderable u ON u.event_id = e.id AND u.resolved_at IS NULL
         WHERE e.type <> ALL({_KNOWN}) OR u.event_id IS NOT NULL
        """,
    ),
)
