"""Who stands in the ledger: everybody who was on the team at an event, whoever came after, and nobody else.

The team at an event is read from the record's own numbers, not from times: a place lasts from the number of the event
that announced it up to, and without, the number of the event that ended it. A database clock that was set back thus
accuses nobody. The opener's place, and that of a care manager who inherits the record, are announced by no event of
their own: they last from the first event at or after their beginning, `record.opened` and `membership.ended`.
"""

from carehub.access.roles import READERS

from .invariant import Invariant

_READERS = "ARRAY[" + ", ".join(repr(pair) for pair in READERS) + "]"

_PLACES = """
WITH announced AS (
    SELECT (body ->> 'membership_id')::uuid AS place_id, type, min(number) AS number
      FROM events_event WHERE type IN ('membership.started', 'membership.ended') GROUP BY 1, 2
), place AS MATERIALIZED (
    SELECT m.id, m.record_id, m.person_id, begun.number IS NOT NULL AS is_announced,
           coalesce(begun.number, (SELECT min(e.number) FROM events_event e
                                    WHERE e.record_id = m.record_id AND e.at >= m.started_at)) AS first,
           CASE WHEN m.ended_at IS NOT NULL THEN
               coalesce(ended.number, (SELECT min(e.number) FROM events_event e
                                        WHERE e.record_id = m.record_id AND e.at >= m.ended_at)) END AS until
      FROM directory_membership m
      LEFT JOIN announced begun ON begun.place_id = m.id AND begun.type = 'membership.started'
      LEFT JOIN announced ended ON ended.place_id = m.id AND ended.type = 'membership.ended'
)
"""

PEOPLE: tuple[Invariant, ...] = (
    Invariant(
        "event-has-recipient",
        "Each event has at least one recipient.",
        "events_event",
        """
        SELECT 'events_event', jsonb_build_object('id', e.id), 'no recipient'
          FROM events_event e
         WHERE NOT EXISTS (SELECT 1 FROM events_delivery d WHERE d.event_id = e.id AND d.n IS NOT NULL)
        """,
    ),
    Invariant(
        "member-has-row",
        "Each event has one row, numbered or excluded, for everybody who had a place on its record's team then.",
        "events_event",
        _PLACES
        + """
        SELECT DISTINCT 'events_delivery', jsonb_build_object('person_id', p.person_id, 'event_id', e.id), 'missing'
          FROM place p
          JOIN events_event e
            ON e.record_id = p.record_id AND e.number >= p.first AND (p.until IS NULL OR e.number < p.until)
         WHERE NOT EXISTS (SELECT 1 FROM events_delivery d WHERE d.person_id = p.person_id AND d.event_id = e.id)
        """,
    ),
    Invariant(
        "row-had-place",
        "Nobody else has a row, but: whom the event told that his place ended; whoever came later and caught up or "
        "took over; the care manager whom it fell to for want of any reader.",
        "events_delivery",
        _PLACES
        + """
        SELECT 'events_delivery', jsonb_build_object('person_id', d.person_id, 'event_id', d.event_id),
               'no place on the team'
          FROM events_delivery d
          JOIN events_event e ON e.id = d.event_id
          JOIN directory_carerecord r ON r.id = e.record_id
         WHERE NOT EXISTS (
                   SELECT 1 FROM place p
                    WHERE p.record_id = e.record_id AND p.person_id = d.person_id
                      AND (e.number >= p.first AND (p.until IS NULL OR e.number < p.until)
                           OR d.ground = 'leaver' AND p.until = e.number
                           OR p.first > e.number
                              AND (d.ground IN ('joining', 'successor', 'covering') OR d.exclusion <> '')))
           AND NOT (d.ground = 'care_manager' AND d.roles = '{}')
        """,
    ),
    Invariant(
        "newcomer-caught-up",
        "Whoever joined has a row for each event that was the current version of its topic then.",
        "directory_membership",
        _PLACES
        + """
        , newcomer AS (
            SELECT p.* FROM place p
             WHERE p.is_announced AND NOT EXISTS (
                   SELECT 1 FROM place other
                    WHERE other.record_id = p.record_id AND other.person_id = p.person_id AND other.id <> p.id
                      AND other.first < p.first AND (other.until IS NULL OR other.until > p.first))
        ), standing AS (
            SELECT DISTINCT ON (p.id, e.topic) p.person_id, e.id AS event_id
              FROM newcomer p
              JOIN events_event e ON e.record_id = p.record_id AND e.is_standing AND e.number < p.first
             ORDER BY p.id, e.topic, e.number DESC
        )
        SELECT DISTINCT 'events_delivery', jsonb_build_object('person_id', s.person_id, 'event_id', s.event_id),
               'missing'
          FROM standing s
         WHERE NOT EXISTS (SELECT 1 FROM events_delivery d
                            WHERE d.person_id = s.person_id AND d.event_id = s.event_id)
        """,
    ),
    Invariant(
        "excluded-is-not-told",
        "An excluded person's row has a reason and nothing else: no number, obligation, receipt or outcome; a "
        "recipient's has a number and no reason.",
        "events_delivery",
        """
        SELECT 'events_delivery', jsonb_build_object('person_id', d.person_id, 'event_id', d.event_id),
               CASE WHEN d.exclusion <> '' THEN 'excluded, yet told' ELSE 'neither numbered nor excluded' END
          FROM events_delivery d
         WHERE (d.n IS NULL) <> (d.exclusion <> '')
            OR d.exclusion <> '' AND (d.obligation <> 'none' OR d.received_at IS NOT NULL OR d.seen_at IS NOT NULL
                                      OR d.outcome IS NOT NULL OR d.due_at IS NOT NULL OR d.next_rung_at IS NOT NULL)
        """,
    ),
    Invariant(
        "nothing-left-behind",
        "No open obligation sits on somebody who has left the record's team or is deactivated.",
        "events_delivery WHERE due_at IS NOT NULL AND outcome IS NULL",
        """
        SELECT 'events_delivery', jsonb_build_object('person_id', d.person_id, 'event_id', d.event_id),
               CASE WHEN p.is_active THEN 'open, and its person has left' ELSE 'open, and its person is deactivated' END
          FROM events_delivery d
          JOIN events_event e ON e.id = d.event_id
          JOIN directory_person p ON p.id = d.person_id
         WHERE d.due_at IS NOT NULL AND d.outcome IS NULL
           AND (NOT p.is_active OR NOT EXISTS (
                SELECT 1 FROM directory_membership m
                 WHERE m.person_id = d.person_id AND m.record_id = e.record_id AND m.ended_at IS NULL))
        """,
    ),
    Invariant(
        "owed-by-a-reader",
        "Whoever owes something and is on the team may read it: one of his roles there reads events of its type.",
        "events_delivery WHERE due_at IS NOT NULL AND outcome IS NULL",
        f"""
        SELECT 'events_delivery', jsonb_build_object('person_id', d.person_id, 'event_id', d.event_id),
               'owed by somebody who may not read it'
          FROM events_delivery d
          JOIN events_event e ON e.id = d.event_id
          JOIN directory_membership m
            ON m.person_id = d.person_id AND m.record_id = e.record_id AND m.ended_at IS NULL
         WHERE d.due_at IS NOT NULL AND d.outcome IS NULL
         GROUP BY d.person_id, d.event_id
        HAVING NOT bool_or(m.role || ' ' || e.type = ANY({_READERS}))
        """,
    ),
)
