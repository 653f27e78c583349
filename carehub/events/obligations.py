"""What ends or moves an obligation inside an action: an answer, a hand-over, a newcomer's catch-up.

Acknowledgements are receipts (`delivery/receipts.py`). All of these run under the record's lock.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet

from carehub.core.clock import now

from . import doorbell
from .audience import Addressee
from .models import Delivery, Event, Obligation, Outcome
from .rows import write


def open_deliveries() -> "QuerySet[Delivery]":
    """Obligations without an end state yet."""
    return Delivery.objects.filter(due_at__isnull=False, outcome=None)


def asked_of(*, event_id: UUID, person_id: UUID) -> list[str] | None:
    """The roles as which this person still owes an answer to this event; None when none is owed."""
    return (
        open_deliveries()
        .filter(event_id=event_id, person_id=person_id, obligation=Obligation.ANSWER)
        .values_list("asked_roles", flat=True)
        .first()
    )


def settle_answer(*, event_id: UUID, by_id: UUID, still_asked: Sequence[str]) -> None:
    """End the answerer's obligation; those whose every asked role has now answered need only acknowledge."""
    moment = now()
    owed = open_deliveries().filter(event_id=event_id, obligation=Obligation.ANSWER)
    rows = list(owed.order_by("person_id").select_for_update(of=("self",)))
    for row in rows:
        if row.person_id == by_id:
            _end(row, Outcome.ANSWERED, by_id=by_id, at=moment, reason="")
        elif not set(row.asked_roles) & set(still_asked):
            row.obligation = Obligation.ACKNOWLEDGE
    write(rows)
    doorbell.ring_after_commit({by_id: 0})


def lock_inboxes(person_ids: Iterable[UUID]) -> None:
    """Lock these people's inboxes, in the order that every writer keeps, until the end of the transaction.

    Whoever will number deliveries of one person and then publish to others takes all their inboxes first.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO events_inbox AS inbox (person_id, head)
            SELECT DISTINCT person_id, 0 FROM unnest(%s::uuid[]) AS person_id ORDER BY person_id
            ON CONFLICT (person_id) DO UPDATE SET head = inbox.head
            """,
            [list(person_ids)],
        )


def hand_over(
    *,
    record_id: UUID,
    from_id: UUID,
    to_id: UUID,
    reason: str,
    types: Collection[str] | None = None,
    asked_as: str = "",
) -> int:
    """Move the open obligations of one person on one record to another; returns how many.

    All of them, or only those of these event types and the answers that he owes in the one role `asked_as`.

    The successor's own row takes the stronger obligation and the earlier deadline, and opens again unless he has
    done as much already; where he has none yet he gets one, with the next number of his inbox. Both rows stay, so
    that the hand-over can be read from either.
    """
    if from_id == to_id:
        return 0
    moment = now()
    owed = open_deliveries().filter(person_id=from_id, event__record_id=record_id)
    if types is not None:
        owed = owed.filter(
            Q(event__type__in=types) | Q(obligation=Obligation.ANSWER, asked_roles=[asked_as], ground="asked")
        )
    events = list(owed.values_list("event_id", flat=True))
    both = Delivery.objects.filter(person_id__in=[from_id, to_id], event_id__in=events)
    # One statement in the order of receipts, so that a batch of both people's receipts cannot lock the other way round.
    rows = list(both.order_by("person_id", "n").select_for_update(of=("self",)))
    leaving = [row for row in rows if row.person_id == from_id and row.outcome is None]
    theirs = {row.event_id: row for row in rows if row.person_id == to_id}
    events = [row.event_id for row in leaving]
    if not leaving:
        return 0
    new_numbers = _next_numbers(to_id, sum(e not in theirs or theirs[e].n is None for e in events))
    made: list[Delivery] = []
    for row in leaving:
        climbs_at = row.next_rung_at
        _end(row, Outcome.HANDED_OVER, by_id=to_id, at=moment, reason=reason)
        own = theirs.get(row.event_id)
        if own is None:
            own = Delivery(person_id=to_id, event_id=row.event_id)
            made.append(own)
        if own.n is None:
            _receive(own, new_numbers.pop(0), row, climbs_at)
        elif not _has_done(own, row):
            _strengthen(own, row, climbs_at)
    write(rows)
    Delivery.objects.bulk_create(made)
    doorbell.ring_after_commit({to_id: 0, from_id: 0})
    return len(leaving)


def withdraw(*, event_id: UUID, by_id: UUID, reason: str, inherited_rung: int) -> int:
    """End every open obligation on one event, with the reason that a person gave; returns how many.

    Newer versions of its topic end with it for those who inherited `inherited_rung` from it: their ladder is over.
    """
    moment = now()
    event = Event.objects.get(pk=event_id)
    newer = Q(event__record_id=event.record_id, event__topic=event.topic, event__seq__gt=event.seq)
    inherited = newer & ~Q(event__topic="") & Q(rung__gte=inherited_rung)
    rows = open_deliveries().filter(Q(event_id=event_id) | inherited)
    rows = rows.order_by("person_id", "n").select_for_update(of=("self",))
    ended = list(rows)
    for row in ended:
        _end(row, Outcome.WITHDRAWN, by_id=by_id, at=moment, reason=reason[:500])
    write(ended)
    doorbell.ring_after_commit({row.person_id: 0 for row in ended})
    return len(ended)


def catch_up(*, person_id: UUID, addressees: Mapping[UUID, Addressee]) -> int:
    """Give a newcomer the current standing events: one delivery for each, clock from now; returns how many.

    Somebody who comes back keeps the rows that he had; what he handed over opens again and climbs anew.
    """
    moment = now()
    rows = Delivery.objects.filter(person_id=person_id, event_id__in=addressees)
    had = {row.event_id: row for row in rows.order_by("n").select_for_update(of=("self",))}
    wanted = [(e, a) for e, a in addressees.items() if e not in had or (had[e].n is None and not a.exclusion)]
    numbers = _next_numbers(person_id, sum(not a.exclusion for _, a in wanted))
    made: list[Delivery] = []
    changed: list[Delivery] = []
    for event_id, row in had.items():
        if row.n is not None and row.outcome == Outcome.HANDED_OVER and not addressees[event_id].exclusion:
            row.outcome = row.outcome_at = row.outcome_by = None
            row.outcome_reason = ""
            row.round += 1
            _fill(row, addressees[event_id], row.n, moment)
            changed.append(row)
    for event_id, addressee in wanted:
        row = had.get(event_id) or Delivery(person_id=person_id, event_id=event_id)
        _fill(row, addressee, numbers.pop(0) if not addressee.exclusion else None, moment)
        (changed if event_id in had else made).append(row)
    write(changed)
    Delivery.objects.bulk_create(made)
    if numbers or wanted:
        doorbell.ring_after_commit({person_id: 0})
    return len(wanted)


def current_standing(record_id: UUID) -> list[Event]:
    """The newest standing event of each topic of a record, oldest first."""
    newest = Event.objects.filter(record_id=record_id, is_standing=True).order_by("topic", "-seq").distinct("topic")
    return sorted(newest, key=lambda event: event.seq)


def _next_numbers(person_id: UUID, count: int) -> list[int]:
    if count == 0:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO events_inbox AS inbox (person_id, head) VALUES (%(person)s, %(count)s)
            ON CONFLICT (person_id) DO UPDATE SET head = inbox.head + %(count)s RETURNING head
            """,
            {"person": person_id, "count": count},
        )
        (head,) = cursor.fetchone()
    return list(range(head - count + 1, head + 1))


def _fill(row: Delivery, addressee: Addressee, n: int | None, moment: datetime) -> None:
    row.n = n
    row.roles = list(addressee.roles)
    row.obligation = addressee.obligation
    row.ground = addressee.ground
    row.asked_roles = list(addressee.asked_roles)
    row.exclusion = addressee.exclusion
    row.priority = addressee.priority or "routine"
    row.due_at = moment + addressee.due_in if addressee.due_in else None
    row.next_rung_at = moment + addressee.first_rung_in if addressee.first_rung_in else None
    row.rung = 0


def _receive(own: Delivery, n: int, from_row: Delivery, climbs_at: datetime | None) -> None:
    own.n, own.roles, own.exclusion, own.ground = n, from_row.roles, "", "successor"
    own.obligation, own.asked_roles, own.priority = from_row.obligation, from_row.asked_roles, from_row.priority
    own.due_at, own.next_rung_at, own.rung = from_row.due_at, climbs_at, from_row.rung


def _has_done(own: Delivery, from_row: Delivery) -> bool:
    """Whether the successor has acknowledged or answered already what was only to be acknowledged."""
    done = own.outcome in (Outcome.ACKNOWLEDGED, Outcome.ANSWERED)
    return done and from_row.obligation == Obligation.ACKNOWLEDGE


def _strengthen(own: Delivery, from_row: Delivery, climbs_at: datetime | None) -> None:
    strength = list(Obligation)
    if strength.index(Obligation(from_row.obligation)) > strength.index(Obligation(own.obligation)):
        own.obligation, own.ground = from_row.obligation, "successor"
    own.asked_roles = sorted({*own.asked_roles, *from_row.asked_roles})
    ended = own.outcome is not None
    own.round += ended
    if from_row.due_at and (ended or own.due_at is None or from_row.due_at < own.due_at):
        own.due_at, own.priority = from_row.due_at, from_row.priority
        own.rung = from_row.rung if ended else max(own.rung, from_row.rung)
        own.next_rung_at = climbs_at
    own.outcome = own.outcome_at = own.outcome_by = None
    own.outcome_reason = ""


def _end(row: Delivery, outcome: Outcome, *, by_id: UUID, at: datetime, reason: str) -> None:
    row.received_at = row.received_at or (at if outcome == Outcome.ANSWERED else None)
    row.seen_at = row.seen_at or (at if outcome == Outcome.ANSWERED else None)
    row.outcome, row.outcome_by_id, row.outcome_reason = outcome, by_id, reason
    row.outcome_at = max(filter(None, [at, row.seen_at]))
    row.next_rung_at = None
