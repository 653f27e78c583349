"""Ways to break the ledger by hand, each with the invariant that must notice and the row that it must name."""

from dataclasses import dataclass

DELETE_ROW = "DELETE FROM events_delivery WHERE person_id = %(person_id)s AND event_id = %(event_id)s"
DELETE_EVENT = "DELETE FROM events_event WHERE id = %(_event)s"


@dataclass(frozen=True)
class Tampering:
    """`row` selects one row's ids, as they must be named, from the whole ledger; columns with an underscore only serve
    the statements of `by`, which break it. `without` is a constraint that would refuse."""

    breaks: str
    table: str
    row: str
    by: str
    without: str = ""


def of_delivery(where: str) -> str:
    """The ids of one delivery, by the view of the tests."""
    return f"SELECT person_id, event_id FROM row_of WHERE {where} ORDER BY event_id, person_id LIMIT 1"


def update_row(change: str) -> str:
    return f"UPDATE events_delivery SET {change} WHERE person_id = %(person_id)s AND event_id = %(event_id)s"


PAULA_OWES = of_delivery("name = 'Paula' AND type = 'plan.revised' AND outcome IS NULL")
PAULA_ACKNOWLEDGED = of_delivery("name = 'Paula' AND outcome = 'acknowledged'")

TAMPERINGS: tuple[Tampering, ...] = (
    Tampering(
        "event-can-be-shown",
        "events_event",
        "SELECT id FROM events_event WHERE type = 'goal.progressed'",
        "UPDATE events_event SET type = 'goal.forgotten' WHERE id = %(id)s",
    ),
    Tampering(
        "event-can-be-shown",
        "events_event",
        "SELECT id FROM events_event WHERE type = 'goal.progressed'",
        "INSERT INTO delivery_unrenderable (event_id, reason, found_at) VALUES (%(id)s, 'its body', carehub_now())",
    ),
    Tampering(
        "event-has-recipient",
        "events_event",
        "SELECT id FROM events_event WHERE type = 'goal.progressed'",
        "DELETE FROM events_delivery WHERE event_id = %(id)s AND n IS NOT NULL",
    ),
    Tampering(
        "member-has-row", "events_delivery", of_delivery("name = 'Ivan' AND type = 'message.posted'"), DELETE_ROW
    ),
    Tampering("member-has-row", "events_delivery", of_delivery("name = 'Carl' AND exclusion <> ''"), DELETE_ROW),
    Tampering(
        "row-had-place",
        "events_delivery",
        "SELECT p.id AS person_id, r.event_id, r.person_id AS _carl FROM directory_person p, row_of r"
        " WHERE p.name = 'Otto' AND r.name = 'Carl' AND r.type = 'flag.raised'",
        "UPDATE events_delivery SET person_id = %(person_id)s WHERE person_id = %(_carl)s AND event_id = %(event_id)s",
    ),
    Tampering(
        "row-had-place",
        "events_delivery",
        of_delivery("name = 'Olga' AND ground = 'joining'"),
        update_row("ground = 'role'"),
    ),
    Tampering(
        "row-had-place",
        "events_delivery",
        of_delivery("name = 'Ivan' AND ground = 'leaver'"),
        update_row("ground = 'role'"),
    ),
    Tampering(
        "newcomer-caught-up",
        "events_delivery",
        of_delivery("name = 'Olga' AND ground = 'joining' AND type = 'plan.revised'"),
        DELETE_ROW,
    ),
    Tampering(
        "excluded-is-not-told",
        "events_delivery",
        of_delivery("name = 'Carl' AND exclusion <> ''"),
        update_row("received_at = now()"),
        without="excluded_has_no_number",
    ),
    Tampering(
        "nothing-left-behind",
        "events_delivery",
        PAULA_OWES,
        "UPDATE directory_person SET is_active = false WHERE id = %(person_id)s",
    ),
    Tampering(
        "nothing-left-behind",
        "events_delivery",
        PAULA_OWES,
        "UPDATE directory_membership SET ended_at = now() WHERE person_id = %(person_id)s",
    ),
    Tampering(
        "owed-by-a-reader",
        "events_delivery",
        PAULA_OWES,
        "UPDATE directory_membership SET role = 'caregiver' WHERE person_id = %(person_id)s",
    ),
    Tampering(
        "inbox-gapless",
        "events_delivery",
        "SELECT person_id, n FROM row_of WHERE name = 'Nils' AND n = 3",
        "DELETE FROM events_delivery WHERE person_id = %(person_id)s AND n = %(n)s",
    ),
    Tampering(
        "inbox-gapless",
        "events_delivery",
        "SELECT person_id, head AS n FROM events_inbox JOIN directory_person p ON p.id = person_id WHERE name = 'Nils'",
        "DELETE FROM events_delivery WHERE person_id = %(person_id)s AND n = %(n)s",
    ),
    Tampering(
        "inbox-gapless",
        "events_inbox",
        "SELECT person_id FROM events_inbox JOIN directory_person p ON p.id = person_id WHERE name = 'Nils'",
        "UPDATE events_inbox SET head = head - 1 WHERE person_id = %(person_id)s",
    ),
    Tampering(
        "record-gapless",
        "events_event",
        "SELECT record_id, number, id AS _event FROM events_event WHERE type = 'goal.progressed'",
        DELETE_EVENT,
    ),
    Tampering(
        "record-gapless",
        "events_recordlog",
        "SELECT record_id FROM events_recordlog ORDER BY head DESC LIMIT 1",
        "UPDATE events_recordlog SET head = head - 1 WHERE record_id = %(record_id)s",
    ),
    Tampering(
        "inbox-in-order",
        "events_delivery",
        of_delivery("name = 'Maya' AND n = 1"),
        "UPDATE events_delivery SET n = 1000000 - n WHERE person_id = %(person_id)s AND n <= 2;"
        "UPDATE events_delivery SET n = n - 999997 WHERE person_id = %(person_id)s AND n = 999998;"
        "UPDATE events_delivery SET n = 2 WHERE person_id = %(person_id)s AND n = 999999",
    ),
    Tampering(
        "revisions-gapless",
        "plans_planrevision",
        "SELECT plan_id, number, id AS _id FROM plans_planrevision WHERE number = 1",
        "DELETE FROM plans_planrevision WHERE id = %(_id)s",
    ),
    Tampering(
        "revisions-gapless",
        "plans_plan",
        "SELECT id FROM plans_plan",
        "UPDATE plans_plan SET revision = 7 WHERE id = %(id)s",
    ),
    Tampering(
        "obligation-has-deadline",
        "events_delivery",
        PAULA_OWES,
        update_row("due_at = NULL, next_rung_at = NULL"),
        without="due_iff_obliged",
    ),
    Tampering(
        "rules-are-known",
        "events_event",
        "SELECT id FROM events_event WHERE rulebook_id IS NOT NULL ORDER BY seq LIMIT 1",
        "UPDATE events_event SET rulebook_id = gen_random_uuid() WHERE id = %(id)s",
    ),
    Tampering("silence-is-watched", "events_delivery", PAULA_OWES, update_row("next_rung_at = NULL")),
    Tampering("silence-is-watched", "events_delivery", PAULA_OWES, update_row("next_rung_at = due_at + '1 s'")),
    Tampering(
        "silence-is-watched", "events_delivery", PAULA_OWES, update_row("next_rung_at = now() - interval '2 minutes'")
    ),
    Tampering(
        "silence-is-watched",
        "events_delivery",
        of_delivery("type = 'incident.opened' AND due_at IS NOT NULL"),
        update_row("next_rung_at = due_at"),
    ),
    Tampering(
        "silence-is-owned",
        "events_delivery",
        of_delivery("name = 'Nils' AND rung = 6 AND outcome IS NULL"),
        "DELETE FROM delivery_incident WHERE event_id = %(event_id)s",
    ),
    Tampering(
        "incident-is-asked",
        "delivery_incident",
        "SELECT id FROM delivery_incident WHERE closed_at IS NULL",
        "UPDATE delivery_incident SET next_ask_at = now() - interval '2 minutes' WHERE id = %(id)s",
    ),
    Tampering(
        "rungs-are-rows",
        "delivery_escalation",
        "SELECT s.id, s.event_id AS _event FROM delivery_escalation s JOIN delivery_incident i USING (event_id)"
        " WHERE i.closed_at IS NOT NULL",
        "UPDATE events_delivery SET rung = 0 WHERE event_id = %(_event)s",
    ),
    Tampering(
        "rungs-are-rows",
        "events_delivery",
        of_delivery("name = 'Nils' AND rung = 6 AND outcome IS NULL"),
        "DELETE FROM delivery_escalation WHERE event_id = %(event_id)s",
    ),
    Tampering(
        "states-in-order",
        "events_delivery",
        PAULA_ACKNOWLEDGED,
        update_row("outcome_at = NULL"),
        without="outcome_has_a_time",
    ),
    Tampering(
        "states-in-order",
        "events_delivery",
        PAULA_ACKNOWLEDGED,
        update_row("seen_at = outcome_at + interval '1 s'"),
        without="acknowledged_after_seen",
    ),
    Tampering(
        "states-in-order",
        "events_delivery",
        PAULA_ACKNOWLEDGED,
        update_row("outcome_by_id = (SELECT id FROM directory_person WHERE name = 'Nils')"),
    ),
    Tampering(
        "superseded-by-newer",
        "events_delivery",
        of_delivery("name = 'Ivan' AND outcome = 'superseded'"),
        "DELETE FROM events_delivery WHERE person_id = %(person_id)s AND event_id <> %(event_id)s",
    ),
    Tampering(
        "hand-over-arrives",
        "events_delivery",
        "SELECT person_id, event_id, outcome_by_id AS _holder FROM row_of"
        " WHERE name = 'Ivan' AND type = 'flag.raised' AND outcome = 'handed_over'",
        "DELETE FROM events_delivery WHERE person_id = %(_holder)s AND event_id = %(event_id)s",
    ),
    Tampering(
        "hand-over-arrives",
        "events_delivery",
        "SELECT outcome_by_id AS person_id, event_id, person_id AS _leaver FROM row_of"
        " WHERE name = 'Ivan' AND type = 'flag.raised' AND outcome = 'handed_over'",
        update_row("outcome = 'handed_over', outcome_at = now(), outcome_by_id = %(_leaver)s, next_rung_at = NULL"),
    ),
    Tampering(
        "question-is-owed",
        "conditions_flag",
        "SELECT id, event_id AS _event FROM conditions_flag",
        "UPDATE events_delivery SET obligation = 'acknowledge' WHERE event_id = %(_event)s AND obligation = 'answer'",
    ),
    Tampering(
        "revision-has-event",
        "plans_planrevision",
        "SELECT id, event_id AS _event FROM plans_planrevision WHERE number = 1",
        DELETE_EVENT,
    ),
    Tampering(
        "revision-has-event",
        "events_event",
        "SELECT event_id AS id FROM plans_planrevision WHERE number = 2",
        "DELETE FROM plans_planrevision WHERE event_id = %(id)s",
    ),
    Tampering(
        "flag-has-event",
        "events_event",
        "SELECT event_id AS id FROM conditions_flag",
        "DELETE FROM conditions_flag WHERE event_id = %(id)s",
    ),
    Tampering(
        "answer-has-event",
        "conditions_flaganswer",
        "SELECT id, event_id AS _event FROM conditions_flaganswer",
        DELETE_EVENT,
    ),
    Tampering(
        "message-has-event",
        "messaging_message",
        "SELECT id FROM messaging_message ORDER BY id LIMIT 1",
        "UPDATE messaging_message SET author_id = (SELECT id FROM directory_person WHERE name = 'Nils')"
        " WHERE id = %(id)s",
    ),
    Tampering(
        "place-has-events",
        "directory_membership",
        "SELECT m.id, e.id AS _event FROM directory_membership m JOIN events_event e ON e.record_id = m.record_id"
        " WHERE m.ended_at IS NOT NULL AND e.type = 'membership.ended'",
        DELETE_EVENT,
    ),
    Tampering(
        "place-has-events",
        "events_event",
        "SELECT id FROM events_event WHERE type = 'membership.ended'",
        "UPDATE directory_membership SET ended_at = NULL",
    ),
    Tampering(
        "escalation-was-told",
        "delivery_escalation",
        "SELECT s.id, e.id AS _event FROM delivery_escalation s, events_event e"
        " WHERE s.name = 'cover' AND e.type = 'obligation.escalated'",
        DELETE_EVENT,
    ),
    Tampering(
        "escalation-was-told",
        "events_event",
        "SELECT id FROM events_event WHERE type = 'obligation.escalated'",
        "DELETE FROM delivery_escalation WHERE name = 'cover'",
    ),
    Tampering(
        "incident-was-told",
        "delivery_incident",
        "SELECT i.id, e.id AS _event FROM delivery_incident i JOIN events_event e"
        " ON e.type = 'incident.opened' AND e.body ->> 'incident_id' = i.id::text WHERE i.closed_at IS NULL",
        DELETE_EVENT,
    ),
    Tampering(
        "closing-was-told",
        "delivery_incident",
        "SELECT i.id, e.id AS _event FROM delivery_incident i, events_event e"
        " WHERE i.closed_at IS NOT NULL AND e.type = 'incident.closed'",
        DELETE_EVENT,
    ),
    Tampering(
        "incident-is-the-last-rung",
        "events_event",
        "SELECT event_id AS id FROM delivery_incident WHERE closed_at IS NULL",
        "DELETE FROM delivery_incident WHERE event_id = %(id)s",
    ),
)
