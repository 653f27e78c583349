"""No change without its event, and no event without its change."""

from ..ladder import INCIDENT, LADDER
from .invariant import Invariant


def _one_event_each(name: str, things: str, table: str, type: str, rows: str) -> Invariant:
    """`rows` selects id, event_id, record_id and author_id of each change."""
    return Invariant(
        name,
        f"Each {things} has its {type}, of the same record and author; and each {type} is of one {things}.",
        table,
        f"""
        WITH made AS ({rows})
        SELECT CASE WHEN made.id IS NULL THEN 'events_event' ELSE '{table}' END,
               jsonb_build_object('id', coalesce(made.id, e.id)),
               CASE WHEN made.id IS NULL THEN 'event of nothing' ELSE 'no event of its own' END
          FROM made FULL JOIN (SELECT * FROM events_event WHERE type = '{type}') AS e ON e.id = made.event_id
         WHERE made.id IS NULL OR e.id IS NULL
            OR (made.record_id, made.author_id) IS DISTINCT FROM (e.record_id, e.author_id)
        """,
    )


def _told(name: str, things: str, of: str, table: str, looked: str, type: str, rows: str, names: str) -> Invariant:
    """`rows` selects id and key of each thing that refers to no event; `names` is the key in its event's body."""
    return Invariant(
        name,
        f"Each {things} has its {type}, and each {type} is of one of {of}.",
        looked,
        f"""
        WITH said AS (
            SELECT id, {names} AS key FROM events_event WHERE type = '{type}'
        ), thing AS ({rows})
        SELECT CASE WHEN said.id IS NULL THEN '{table}' ELSE 'events_event' END,
               jsonb_build_object('id', coalesce(said.id, thing.id)),
               CASE WHEN said.id IS NULL THEN 'no event of its own' ELSE 'event of nothing' END
          FROM thing FULL JOIN said USING (key)
         WHERE thing.id IS NULL OR said.id IS NULL AND thing.is_told
        """,
    )


_BEFORE_INCIDENT = f"delivery_escalation WHERE rung <> {INCIDENT.number}"
_REMINDERS = ", ".join(str(rung.number) for rung in LADDER if rung.reaches == "person")

FACTS: tuple[Invariant, ...] = (
    _one_event_each(
        "revision-has-event",
        "plan revision",
        "plans_planrevision",
        "plan.revised",
        "SELECT r.id, r.event_id, p.record_id, r.author_id"
        " FROM plans_planrevision r LEFT JOIN plans_plan p ON p.id = r.plan_id",
    ),
    _one_event_each(
        "flag-has-event",
        "flag",
        "conditions_flag",
        "flag.raised",
        "SELECT id, event_id, record_id, raised_by_id AS author_id FROM conditions_flag",
    ),
    _one_event_each(
        "answer-has-event",
        "flag's answer",
        "conditions_flaganswer",
        "flag.answered",
        "SELECT a.id, a.event_id, f.record_id, a.person_id AS author_id"
        " FROM conditions_flaganswer a LEFT JOIN conditions_flag f ON f.id = a.flag_id",
    ),
    _one_event_each(
        "message-has-event",
        "message",
        "messaging_message",
        "message.posted",
        "SELECT m.id, m.event_id, t.record_id, m.author_id"
        " FROM messaging_message m LEFT JOIN messaging_thread t ON t.id = m.thread_id",
    ),
    Invariant(
        "place-has-events",
        "Each place that ended has one membership.ended, and each membership.started and .ended names a place of its "
        "record and person, once.",
        "directory_membership",
        """
        WITH said AS (
            SELECT id, record_id, type, (body ->> 'membership_id')::uuid AS place_id,
                   (body ->> 'person_id')::uuid AS person_id,
                   row_number() OVER (PARTITION BY type, body ->> 'membership_id' ORDER BY seq) AS time
              FROM events_event WHERE type IN ('membership.started', 'membership.ended')
        )
        SELECT 'events_event', jsonb_build_object('id', said.id), 'event of nothing'
          FROM said
          LEFT JOIN directory_membership m
            ON m.id = said.place_id AND m.record_id = said.record_id AND m.person_id = said.person_id
               AND (said.type = 'membership.started' OR m.ended_at IS NOT NULL)
         WHERE m.id IS NULL OR said.time > 1
         UNION ALL
        SELECT 'directory_membership', jsonb_build_object('id', m.id), 'ended, and nobody was told'
          FROM directory_membership m
         WHERE m.ended_at IS NOT NULL AND NOT EXISTS (
               SELECT 1 FROM said WHERE said.place_id = m.id AND said.type = 'membership.ended')
        """,
    ),
    _told(
        "escalation-was-told",
        "escalation past the reminders and before the incident, and reminder that went to a delegate,",
        "those (a delegate may be told beside)",
        "delivery_escalation",
        _BEFORE_INCIDENT,
        "obligation.escalated",
        "SELECT id, event_id::text || ' ' || person_id || ' ' || name AS key,"
        f" rung NOT IN ({_REMINDERS}) OR to_person_id <> person_id AS is_told FROM {_BEFORE_INCIDENT}",
        "body ->> 'about_event_id' || ' ' || (body ->> 'person_id') || ' ' || (body ->> 'rung')",
    ),
    _told(
        "incident-was-told",
        "incident",
        "those (again when somebody falls silent after it was closed)",
        "delivery_incident",
        "delivery_incident",
        "incident.opened",
        "SELECT id, id::text AS key, TRUE AS is_told FROM delivery_incident",
        "body ->> 'incident_id'",
    ),
    _told(
        "closing-was-told",
        "closed incident",
        "the incidents",
        "delivery_incident",
        "delivery_incident WHERE closed_at IS NOT NULL",
        "incident.closed",
        "SELECT id, id::text AS key, closed_at IS NOT NULL AS is_told FROM delivery_incident",
        "body ->> 'incident_id'",
    ),
    Invariant(
        "incident-is-the-last-rung",
        "An event has an incident if and only if somebody's silence on it has climbed the last rung.",
        "delivery_incident",
        f"""
        WITH climbed AS (
            SELECT DISTINCT event_id FROM delivery_escalation WHERE rung = {INCIDENT.number}
        )
        SELECT CASE WHEN i.id IS NULL THEN 'events_event' ELSE 'delivery_incident' END,
               jsonb_build_object('id', coalesce(i.id, climbed.event_id)),
               CASE WHEN i.id IS NULL THEN 'no incident' ELSE 'nobody was silent' END
          FROM delivery_incident i FULL JOIN climbed ON climbed.event_id = i.event_id
         WHERE i.id IS NULL OR climbed.event_id IS NULL
        """,
    ),
)
