"""What ends or moves obligations takes as many statements for one row as for thirty."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from carehub.delivery.ladder import INCIDENT
from carehub.directory.models import Role
from carehub.events.audience import Addressee
from carehub.events.models import Delivery, Event, Obligation
from carehub.events.obligations import catch_up, hand_over, settle_answer, withdraw
from carehub.records.actions import add_team_member
from tests.actions.scenarios import flagged
from tests.cast import Cast, make_person
from tests.delivery.crowded import FILL, given

pytestmark = pytest.mark.quick


def crowd(cast: Cast, name: str, count: int) -> list[Event]:
    """So many more messages that this person owes an acknowledgement of; he alone has a row of them."""
    before = set(Event.objects.values_list("pk", flat=True))
    with connection.cursor() as cursor:
        cursor.execute(FILL, given(cast.record.pk, cast[name].pk, count))
    return list(Event.objects.exclude(pk__in=before))


def cost(act: Callable[[], object]) -> int:
    """How many statements it takes."""
    with CaptureQueriesContext(connection) as queries:
        act()
    return len(queries)


def nurses(cast: Cast, count: int) -> None:
    """So many more nurses on the team."""
    for i in range(count):
        person = make_person(f"Nurse{count}-{i}", Role.NURSE, cast.clinic)
        add_team_member(by=cast.cora, record_id=cast.record.pk, person_id=person.pk, role=Role.NURSE)


def test_of_a_hand_over(cast: Cast) -> None:
    def pass_on() -> int:
        return hand_over(record_id=cast.record.pk, from_id=cast.nils.pk, to_id=cast.ivan.pk, reason="Night")

    crowd(cast, "nils", 1)
    one = cost(pass_on)
    events = crowd(cast, "nils", 30)

    assert cost(pass_on) == one

    rows = Delivery.objects.filter(event__in=events)
    assert set(rows.filter(person=cast.nils).values_list("outcome", "outcome_by")) == {("handed_over", cast.ivan.pk)}
    taken = rows.filter(person=cast.ivan).order_by("n")
    assert {(r.obligation, r.ground, tuple(r.roles), r.outcome) for r in taken} == {
        ("acknowledge", "successor", ("nurse",), None)
    }
    head = cast.ivan.inbox.head
    assert [row.n for row in taken] == list(range(head - 29, head + 1))


def test_of_a_hand_over_back_to_somebody_who_has_rows_already(cast: Cast) -> None:
    crowd(cast, "nils", 1)
    hand_over(record_id=cast.record.pk, from_id=cast.nils.pk, to_id=cast.ivan.pk, reason="Night")
    one = cost(lambda: hand_over(record_id=cast.record.pk, from_id=cast.ivan.pk, to_id=cast.nils.pk, reason="Day"))
    events = crowd(cast, "nils", 30)
    hand_over(record_id=cast.record.pk, from_id=cast.nils.pk, to_id=cast.ivan.pk, reason="Night")

    again = cost(lambda: hand_over(record_id=cast.record.pk, from_id=cast.ivan.pk, to_id=cast.nils.pk, reason="Day"))

    assert again == one
    rows = Delivery.objects.filter(event__in=events, person=cast.nils)
    assert set(rows.values_list("outcome", "outcome_reason", "round", "rung")) == {(None, "", 2, 0)}


def test_of_a_withdrawal(cast: Cast) -> None:
    def end(event: Event) -> int:
        return withdraw(event_id=event.pk, by_id=cast.cora.pk, reason="Told", inherited_rung=INCIDENT.number)

    few, many = (flagged(cast, asked_roles=["nurse"]).event for _ in range(2))
    Delivery.objects.filter(event=few, due_at__isnull=False).exclude(person=cast.nils).update(
        received_at=few.at, seen_at=few.at, outcome="acknowledged", outcome_at=few.at
    )
    one = cost(lambda: end(few))
    nurses(cast, 12)

    assert cost(lambda: end(many)) == one
    owed = Delivery.objects.filter(event=many, due_at__isnull=False)
    assert owed.count() > 12
    assert set(owed.values_list("outcome", "outcome_by", "outcome_reason", "next_rung_at")) == {
        ("withdrawn", cast.cora.pk, "Told", None)
    }


def test_of_an_answer(cast: Cast) -> None:
    def settle(event: Event) -> None:
        settle_answer(event_id=event.pk, by_id=cast.nils.pk, still_asked=[])

    few = flagged(cast, asked_roles=["nurse"]).event
    one = cost(lambda: settle(few))
    nurses(cast, 12)
    event = flagged(cast, asked_roles=["nurse"]).event

    assert cost(lambda: settle(event)) == one
    rows = Delivery.objects.filter(event=event, asked_roles=["nurse"])
    assert rows.get(person=cast.nils).outcome == "answered"
    assert set(rows.exclude(person=cast.nils).values_list("obligation", "outcome")) == {("acknowledge", None)}


def test_of_catching_up(cast: Cast) -> None:
    def arrive(events: list[Event]) -> int:
        asked = Addressee(cast.olga.pk, ("psychiatrist",), Obligation.INFORM, "joining")
        hidden = Addressee(cast.olga.pk, ("psychiatrist",), exclusion="by role")
        return catch_up(
            person_id=cast.olga.pk, addressees={e.pk: hidden if i % 3 == 2 else asked for i, e in enumerate(events)}
        )

    first = crowd(cast, "nils", 1)
    one = cost(lambda: arrive(first))
    events = crowd(cast, "nils", 30)

    assert cost(lambda: arrive(events)) == one
    rows = Delivery.objects.filter(person=cast.olga, event__in=events)
    assert (
        sorted(rows.values_list("ground", "exclusion", "obligation"))
        == [("", "by role", "none")] * 10 + [("joining", "", "inform")] * 20
    )
    head = cast.olga.inbox.head
    assert sorted(n for (n,) in rows.values_list("n") if n) == list(range(head - 19, head + 1))
