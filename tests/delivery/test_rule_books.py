"""An obligation runs by the rules under which its event was published, whatever is adopted afterwards."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from carehub.access import books
from carehub.access.rules import Clock
from carehub.delivery.actions import climb
from carehub.delivery.ladder import LADDER, falls_due, next_step
from carehub.directory.models import Person, Role
from carehub.events.models import Delivery
from carehub.messaging.actions import post_message
from carehub.plans.actions import revise_plan
from carehub.records.actions import add_team_member
from carehub.reports.queries.uncommunicated import uncommunicated
from tests.access.books import URGENT_SLOWER, adopted, with_urgent
from tests.actions.scenarios import definition, flagged, planned
from tests.cast import Cast

pytestmark = pytest.mark.quick

HOUR = timedelta(hours=1)


def row_of(event_id: UUID, person: Person) -> Delivery:
    return Delivery.objects.select_related("event").get(event_id=event_id, person=person)


def urgent_message(cast: Cast) -> Delivery:
    """Maya asks Ivan today."""
    message = post_message(
        by=cast.maya,
        record_id=cast.record.pk,
        text="Please look.",
        priority="urgent",
        mentioned_ids=[cast.ivan.pk],
        asks_acknowledgement=True,
    )
    return row_of(message.event_id, cast.ivan)


def after_climbing(row: Delivery) -> Delivery:
    """The row once its next rung has fallen due."""
    Delivery.objects.filter(event=row.event, person=row.person).update(next_rung_at="2020-01-01T00:00:00Z")
    climb(record_id=row.event.record_id, person_id=row.person_id, event_id=row.event_id)
    return row_of(row.event_id, row.person)


def hours(row: Delivery) -> tuple[float, float]:
    """Deadline and next rung, in hours after publishing."""
    assert row.due_at is not None
    assert row.next_rung_at is not None
    return (row.due_at - row.event.at) / HOUR, (row.next_rung_at - row.event.at) / HOUR


def test_a_slower_book_moves_no_open_deadline_and_no_later_rung(cast: Cast) -> None:
    old = row_of(planned(cast).event_id, cast.ivan)
    assert hours(old) == (8, 1)

    adopted(cast, with_urgent(**URGENT_SLOWER))

    assert hours(row_of(old.event_id, cast.ivan)) == (8, 1)
    climbed = [hours(old := after_climbing(old))[1] for _ in LADDER[1:]]
    assert climbed == pytest.approx([4, 8, 8 + 16 / 3, 8 + 32 / 3, 24])


def test_a_new_event_runs_by_the_new_clock(cast: Cast) -> None:
    adopted(cast, with_urgent(**URGENT_SLOWER))

    new = urgent_message(cast)

    assert hours(new) == (16, 2)
    climbed = [hours(new := after_climbing(new))[1] for _ in LADDER[1:]]
    assert climbed == pytest.approx([8, 16, 16 + 32 / 3, 16 + 64 / 3, 48])


def test_a_faster_book_makes_nobody_late_at_once(cast: Cast) -> None:
    adopted(cast, with_urgent(**URGENT_SLOWER))
    open_one = urgent_message(cast)

    adopted(cast, with_urgent(delivered_minutes=30, acknowledged_minutes=240, incident_minutes=600), base=1)

    assert hours(row_of(open_one.event_id, cast.ivan)) == (16, 2)
    assert hours(urgent_message(cast)) == (4, 0.5)


def test_a_newcomer_runs_by_the_clock_of_the_others(cast: Cast) -> None:
    plan = planned(cast)
    adopted(cast, with_urgent(**URGENT_SLOWER))

    add_team_member(by=cast.cora, record_id=cast.record.pk, person_id=cast.olga.pk, role=Role.PSYCHIATRIST)

    joined = row_of(plan.event_id, cast.olga)
    assert joined.due_at is not None
    assert joined.next_rung_at is not None
    assert joined.due_at - joined.next_rung_at == 7 * HOUR, "acknowledged in 8 hours, delivered in 1"


def test_a_newer_version_of_the_plan_keeps_the_inherited_deadline(cast: Cast) -> None:
    plan = planned(cast)
    inherited = row_of(plan.event_id, cast.ivan)
    adopted(cast, with_urgent(**URGENT_SLOWER))

    kept = plan.definition
    second = revise_plan(
        by=cast.maya,
        record_id=cast.record.pk,
        base=1,
        definition=definition(
            goals=kept["goals"], interventions=[{**kept["interventions"][0], "frequency": "twice a week"}]
        ),
        rationale="More often",
    )

    row = row_of(second.event_id, cast.ivan)
    assert (row.due_at, row.next_rung_at) == (inherited.due_at, inherited.next_rung_at)
    assert row.event.rulebook_id is not None


def test_a_page_of_silences_reads_its_versions_in_one_query(cast: Cast) -> None:
    for number in range(4):
        flagged(cast, severity="moderate")
        adopted(
            cast,
            with_urgent(delivered_minutes=60 + number, acknowledged_minutes=960, incident_minutes=2880),
            base=number,
        )
    flagged(cast, severity="moderate")

    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            rows = uncommunicated(by=cast.cora, after=None, limit=50)
            assert len({row.event.rulebook_id for row in rows}) == 5
            for row in rows:
                row.received_at = row.event.at
                assert next_step(row) is not None
        return len(found)

    kept = queries()
    books._kept.clear()
    assert queries() == kept + 1


@pytest.mark.parametrize("minutes", [(1, 1, 2), (10, 10, 11), (9, 10, 90), (1, 129_000, 129_600), (60, 61, 62)])
def test_any_clock_that_a_book_may_hold_climbs_upwards(cast: Cast, minutes: tuple[int, int, int]) -> None:
    clock = Clock(*(timedelta(minutes=count) for count in minutes))
    published = cast.record.opened_at

    times = [falls_due(rung, due_at=published + clock.acknowledged, clock=clock) for rung in LADDER]

    assert times == sorted(times)
    assert times[0] == published + clock.delivered
