"""Every obligation has a deadline and an end, and silence climbs its rungs up to an incident that a person closes."""

from carehub.access.rules import NEVER_ESCALATES

from ..ladder import COVER, INCIDENT, UNDELIVERED
from .invariant import Invariant

_OPEN = "events_delivery WHERE due_at IS NOT NULL AND outcome IS NULL"
_ROW = "'events_delivery', jsonb_build_object('person_id', d.person_id, 'event_id', d.event_id)"
_SAME_OR_OLDER = """(about.id = e.id OR about.record_id = e.record_id AND about.topic = e.topic AND about.topic <> ''
                     AND about.seq < e.seq)"""
_UNWATCHED = f"ARRAY[{', '.join(repr(type) for type in sorted(NEVER_ESCALATES))}]"

CLOCKS: tuple[Invariant, ...] = (
    Invariant(
        "obligation-has-deadline",
        "A row that asks for an acknowledgement or an answer has a deadline, and no other row has one.",
        "events_delivery",
        f"""
        SELECT {_ROW}, CASE WHEN d.due_at IS NULL THEN 'no deadline' ELSE 'a deadline, and nothing is asked' END
          FROM events_delivery d
         WHERE (d.obligation IN ('acknowledge', 'answer')) <> (d.due_at IS NOT NULL)
        """,
    ),
    Invariant(
        "rules-are-known",
        "An event that was published under adopted rules names a version of its record's managing organization.",
        "events_event WHERE rulebook_id IS NOT NULL",
        """
        SELECT 'events_event', jsonb_build_object('id', e.id), 'no such version of its organization'
          FROM events_event e JOIN directory_carerecord c ON c.id = e.record_id
         WHERE e.rulebook_id IS NOT NULL AND NOT EXISTS (
               SELECT 1 FROM access_rulebook b
                WHERE b.id = e.rulebook_id AND b.organization_id = c.managing_organization_id)
        """,
    ),
    Invariant(
        "silence-is-watched",
        "Until its last rung, an open obligation has a next look, before its deadline no later than this, and no look "
        "is more than a minute late; what the ladder itself says has none.",
        _OPEN,
        f"""
        SELECT {_ROW},
               CASE WHEN e.type = ANY({_UNWATCHED}) THEN 'what the ladder says is escalated'
                    WHEN d.next_rung_at IS NULL THEN 'nobody will look'
                    WHEN d.next_rung_at > d.due_at AND d.rung < {COVER.number} THEN 'looked at after its deadline only'
                    ELSE 'a rung is late' END
          FROM events_delivery d JOIN events_event e ON e.id = d.event_id
         WHERE d.due_at IS NOT NULL AND d.outcome IS NULL
           AND CASE WHEN e.type = ANY({_UNWATCHED}) THEN d.next_rung_at IS NOT NULL
                    WHEN d.rung >= {INCIDENT.number} THEN false
                    ELSE d.next_rung_at IS NULL
                         OR d.next_rung_at > d.due_at AND d.rung < {COVER.number}
                         OR d.next_rung_at < carehub_now() - interval '1 minute' END
        """,
    ),
    Invariant(
        "silence-is-owned",
        "Past its last rung, an open obligation has an open incident, of its event or of an older version of its "
        "topic.",
        f"{_OPEN} AND rung >= {INCIDENT.number}",
        f"""
        SELECT {_ROW}, 'no open incident'
          FROM events_delivery d JOIN events_event e ON e.id = d.event_id
         WHERE d.due_at IS NOT NULL AND d.outcome IS NULL AND d.rung >= {INCIDENT.number}
           AND NOT EXISTS (
               SELECT 1 FROM delivery_incident i JOIN events_event about ON about.id = i.event_id
                WHERE i.closed_at IS NULL AND {_SAME_OR_OLDER})
        """,
    ),
    Invariant(
        "incident-is-asked",
        "An open incident asks its owner again, and is not more than a minute late; a closed one has who and why.",
        "delivery_incident",
        """
        SELECT 'delivery_incident', jsonb_build_object('id', i.id),
               CASE WHEN i.closed_at IS NULL THEN 'nobody is asked' ELSE 'closed without a person or a reason' END
          FROM delivery_incident i
         WHERE CASE WHEN i.closed_at IS NULL
                    THEN i.next_ask_at IS NULL OR i.next_ask_at < carehub_now() - interval '1 minute'
                    ELSE i.next_ask_at IS NOT NULL OR i.closed_by_id IS NULL OR i.close_reason = '' END
        """,
    ),
    Invariant(
        "rungs-are-rows",
        "An escalation is of a recipient's row that has climbed its rung; and where a row stands past the first rung, "
        "an escalation of that rung stands on its event or on an older version of its topic.",
        "delivery_escalation",
        f"""
        SELECT 'delivery_escalation', jsonb_build_object('id', s.id), 'its row has not climbed this rung'
          FROM delivery_escalation s
         WHERE NOT EXISTS (SELECT 1 FROM events_delivery d
                            WHERE d.person_id = s.person_id AND d.event_id = s.event_id AND d.n IS NOT NULL
                              AND d.rung >= s.rung)
         UNION ALL
        SELECT {_ROW}, 'climbed, and no escalation'
          FROM events_delivery d JOIN events_event e ON e.id = d.event_id
         WHERE d.rung > {UNDELIVERED.number} AND NOT EXISTS (
               SELECT 1 FROM delivery_escalation s JOIN events_event about ON about.id = s.event_id
                WHERE s.rung = d.rung AND {_SAME_OR_OLDER})
        """,
    ),
    Invariant(
        "states-in-order",
        "Received, then seen, then acknowledged or answered by that person himself; an outcome has its time, a "
        "hand-over its successor, a withdrawal who and why, and what has ended is not looked at again.",
        "events_delivery WHERE n IS NOT NULL",
        f"""
        SELECT {_ROW}, 'a state out of order'
          FROM events_delivery d
         WHERE d.seen_at IS NOT NULL AND (d.received_at IS NULL OR d.seen_at < d.received_at)
            OR (d.outcome IS NULL) <> (d.outcome_at IS NULL)
            OR d.outcome IS NULL AND d.outcome_by_id IS NOT NULL
            OR d.outcome IS NOT NULL AND d.next_rung_at IS NOT NULL
            OR d.outcome IN ('acknowledged', 'answered')
               AND (d.seen_at IS NULL OR d.outcome_at < d.seen_at OR d.outcome_by_id IS DISTINCT FROM d.person_id)
            OR d.outcome = 'answered' AND d.obligation <> 'answer'
            OR d.outcome = 'acknowledged' AND d.obligation = 'answer'
            OR d.outcome = 'handed_over' AND (d.outcome_by_id IS NULL OR d.outcome_by_id = d.person_id)
            OR d.outcome = 'withdrawn' AND (d.outcome_by_id IS NULL OR d.outcome_reason = '')
        """,
    ),
    Invariant(
        "superseded-by-newer",
        "What was superseded has a newer standing event of its topic, of which that person is a recipient.",
        "events_delivery WHERE outcome = 'superseded'",
        f"""
        SELECT {_ROW}, 'nothing newer'
          FROM events_delivery d JOIN events_event e ON e.id = d.event_id
         WHERE d.outcome = 'superseded' AND NOT EXISTS (
               SELECT 1 FROM events_event newer
                 JOIN events_delivery t ON t.event_id = newer.id AND t.person_id = d.person_id AND t.n IS NOT NULL
                WHERE newer.record_id = e.record_id AND newer.topic = e.topic AND e.topic <> ''
                  AND newer.is_standing AND newer.seq > e.seq)
        """,
    ),
    Invariant(
        "hand-over-arrives",
        "Followed from successor to successor, what was handed over comes to a recipient who has not handed it on.",
        "events_delivery WHERE outcome = 'handed_over'",
        f"""
        WITH RECURSIVE chain AS (
            SELECT event_id, person_id AS origin, outcome_by_id AS holder
              FROM events_delivery WHERE outcome = 'handed_over'
             UNION
            SELECT c.event_id, c.origin, d.outcome_by_id
              FROM chain c JOIN events_delivery d
                ON d.event_id = c.event_id AND d.person_id = c.holder AND d.outcome = 'handed_over'
        )
        SELECT {_ROW}, 'nobody holds it'
          FROM events_delivery d
         WHERE d.outcome = 'handed_over' AND NOT EXISTS (
               SELECT 1 FROM chain c JOIN events_delivery t ON t.event_id = c.event_id AND t.person_id = c.holder
                WHERE c.event_id = d.event_id AND c.origin = d.person_id
                  AND t.n IS NOT NULL AND t.outcome IS DISTINCT FROM 'handed_over')
        """,
    ),
    Invariant(
        "question-is-owed",
        "Each role that an active flag asks has answered, or somebody owes the answer for it, or a person closed the "
        "flag's incident.",
        "conditions_flag WHERE status = 'active' AND asked_roles <> '{}'",
        """
        SELECT 'conditions_flag', jsonb_build_object('id', f.id), 'nobody owes the answer as ' || asked.role
          FROM conditions_flag f CROSS JOIN LATERAL unnest(f.asked_roles) AS asked(role)
         WHERE f.status = 'active'
           AND NOT EXISTS (SELECT 1 FROM conditions_flaganswer a WHERE a.flag_id = f.id AND asked.role = ANY(a.roles))
           AND NOT EXISTS (SELECT 1 FROM events_delivery d
                            WHERE d.event_id = f.event_id AND asked.role = ANY(d.asked_roles)
                              AND d.obligation = 'answer' AND d.outcome IS NULL)
           AND NOT EXISTS (SELECT 1 FROM delivery_incident i WHERE i.event_id = f.event_id AND i.closed_at IS NOT NULL)
        """,
    ),
)
