"""A batch of due rows is climbed exactly once, in order; nothing that is held or broken keeps the rest waiting."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from carehub.delivery import sweeper
from carehub.delivery.actions import climb_due
from carehub.delivery.climbing import BATCH, TOLD
from carehub.delivery.ladder import LADDER, Rung
from carehub.delivery.models import Dispatch, Escalation, Incident
from carehub.delivery.reach import Reach
from carehub.directory.models import CareRecord, Person
from carehub.events.models import Delivery, Event
from carehub.standalone.servers import APP_ROLE
from tests.cast import Cast
from tests.delivery.crowded import FILL, given
from tests.servers import DATABASE, Installation, Servers, wait_until


def crowd(record: CareRecord, person: Person, count: int, *, rung: int = 0, due_in: str = "2 days") -> list[Delivery]:
    """So many rows of one person whose next rung is due."""
    with connection.cursor() as cursor:
        cursor.execute(FILL, given(record.pk, person.pk, count, rung=rung, due_in=due_in))
    return list(Delivery.objects.filter(person=person, event__record=record, due_at__isnull=False))


def climbed(record: CareRecord) -> int:
    """How many rungs were climbed on this record."""
    return Escalation.objects.filter(event__record=record).count()


@contextmanager
def held_by_a_writer(servers: Servers, record: CareRecord) -> Iterator[None]:
    """Another session that has locked the record, and does not end."""
    with psycopg.connect(servers.postgres.url(APP_ROLE, DATABASE)) as writer:
        writer.execute("SELECT 1 FROM directory_carerecord WHERE id = %s FOR NO KEY UPDATE", [record.pk])
        yield
        writer.rollback()


def cost(record: CareRecord) -> int:
    """How many statements it takes to climb what is due."""
    with CaptureQueriesContext(connection) as queries:
        assert climb_due(record_id=record.pk) is not None
    return len(queries)


@pytest.mark.quick
def test_takes_as_many_statements_for_one_row_as_for_a_batch(cast: Cast) -> None:
    crowd(cast.record, cast.nils, 1)
    one = cost(cast.record)
    rows = crowd(cast.record, cast.ivan, 30)

    assert cost(cast.record) == one

    assert climbed(cast.record) == 31
    assert Dispatch.objects.count() == 31
    assert {Delivery.objects.get(pk=row.pk).rung for row in rows} == {1}


@pytest.mark.quick
def test_tells_an_overseer_of_each_row_at_two_statements_a_row(cast: Cast) -> None:
    crowd(cast.record, cast.nils, 1, rung=4)
    one = cost(cast.record)
    crowd(cast.record, cast.ivan, 11, rung=4)

    assert cost(cast.record) == one + 2 * 10

    told = Event.objects.filter(type="obligation.escalated").order_by("seq")
    assert [event.body["person_name"] for event in told] == ["Nils"] + ["Ivan"] * 11
    numbers = Delivery.objects.filter(person=cast.cora, n__isnull=False).order_by("n").values_list("n", flat=True)
    assert list(numbers) == list(range(1, cast.cora.inbox.head + 1))


@pytest.mark.quick
def test_locks_the_record_then_the_inboxes_then_the_rows(cast: Cast) -> None:
    crowd(cast.record, cast.nils, 2, rung=4)

    with CaptureQueriesContext(connection) as queries:
        climb_due(record_id=cast.record.pk)

    said = [query["sql"] for query in queries]
    first = [
        next(i for i, sql in enumerate(said) if words in sql)
        for words in ("FOR NO KEY UPDATE", "INSERT INTO events_inbox", "FOR UPDATE OF d SKIP LOCKED")
    ]
    assert first == sorted(first)


@pytest.mark.quick
def test_keeps_a_batch_that_tells_others_small(cast: Cast) -> None:
    crowd(cast.record, cast.nils, BATCH + 5)
    found = climb_due(record_id=cast.record.pk)
    assert found is not None
    assert found.rows == BATCH

    Delivery.objects.filter(due_at__isnull=False).update(next_rung_at="2020-01-01T00:00:00Z", rung=4)
    found = climb_due(record_id=cast.record.pk)
    assert found is not None
    assert found.rows == TOLD


@pytest.mark.quick
def test_after_a_long_outage_each_row_climbs_all_its_rungs_in_order(cast: Cast) -> None:
    rows = crowd(cast.record, cast.nils, TOLD + 20, due_in="-10 days")

    assert sweeper.climb_all(seconds=60) == len(rows) * len(LADDER)

    for row in rows[:: TOLD // 2]:
        rungs = Escalation.objects.filter(event_id=row.event_id).order_by("id").values_list("name", flat=True)
        assert list(rungs) == [rung.name for rung in LADDER]
    assert Incident.objects.values("event_id").distinct().count() == Incident.objects.count() == len(rows)
    assert sweeper.climb_all() == 0


@pytest.mark.quick
def test_what_was_received_moves_on_without_a_rung(cast: Cast) -> None:
    crowd(cast.record, cast.nils, 3)
    Delivery.objects.filter(due_at__isnull=False).update(received_at="2020-01-01T00:00:00Z")

    found = climb_due(record_id=cast.record.pk)

    assert found is not None
    assert (found.rows, list(found.escalations)) == (3, [])


@pytest.mark.quick
def test_one_record_with_thousands_keeps_no_other_waiting(cast: Cast) -> None:
    crowd(cast.record, cast.nils, 2000, due_in="1 day")
    crowd(cast.other_record, cast.otto, 1)

    found = sweeper.climb_all(seconds=1)

    assert 0 < found < 4000
    assert climbed(cast.other_record) == 1


@pytest.mark.quick
def test_a_record_that_a_writer_holds_is_passed_over_until_it_is_free(cast: Cast, servers: Servers) -> None:
    with held_by_a_writer(servers, cast.record):
        crowd(cast.record, cast.nils, 3)
        crowd(cast.other_record, cast.otto, 3)
        began = time.monotonic()

        assert climb_due(record_id=cast.record.pk) is None
        assert sweeper.climb_all() == 3

        assert time.monotonic() - began < 1
        assert climbed(cast.record) == 0
    assert sweeper.climb_all() == 3


@pytest.mark.quick
def test_of_a_batch_only_the_broken_row_waits(cast: Cast, caplog: pytest.LogCaptureFixture) -> None:
    rows = crowd(cast.record, cast.nils, 20)
    broken = rows[7]
    Escalation.objects.create(
        event_id=broken.event_id, person_id=broken.person_id, rung=1, name="undelivered", channel="mail", result=""
    )

    with caplog.at_level(logging.WARNING):
        assert sweeper.climb_all() == 19

    assert Delivery.objects.get(pk=broken.pk).rung == 0
    assert set(Delivery.objects.filter(pk__in=[r.pk for r in rows if r != broken]).values_list("rung")) == {(1,)}
    assert f"event {broken.event_id} must wait (IntegrityError)" in caplog.text
    assert sweeper.climb_all() == 0


@pytest.mark.quick
def test_somebody_whom_nobody_can_be_found_for_does_not_keep_the_others_waiting(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = Reach.whom

    def failing(ground: Reach, rung: Rung, row: Delivery) -> tuple[UUID, ...]:
        if row.person_id == cast.ivan.pk:
            raise RuntimeError
        return plain(ground, rung, row)

    monkeypatch.setattr(Reach, "whom", failing)
    crowd(cast.record, cast.ivan, BATCH + 1)
    crowd(cast.record, cast.nils, 1)

    assert sweeper.climb_all(seconds=60) == 1
    assert Escalation.objects.get().person == cast.nils


@pytest.mark.slow
def test_four_sweepers_at_once_climb_each_rung_once(house: Installation) -> None:
    ((nils,),) = house.rows("SELECT id FROM directory_person WHERE name = 'Nils'")
    house.execute(FILL, given(house.record_id(), nils, 1500))
    house.execute(FILL, given(house.record_id(), nils, 100, rung=4))
    before = house.rows("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")

    sweepers = [house.sweeper() for _ in range(4)]

    by_rung = "SELECT rung, count(*) FROM delivery_escalation GROUP BY 1 ORDER BY 1"
    wait_until(lambda: house.rows(by_rung) == [(1, 1500), (5, 100)], 60, sweepers[0].log)
    told = "SELECT count(*), count(DISTINCT body ->> 'about_event_id') FROM events_event WHERE type = %s"
    assert house.rows(told, ["obligation.escalated"]) == [(100, 100)]
    assert house.rows("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()") == before


@pytest.mark.slow
def test_a_sweeper_that_dies_in_a_batch_leaves_nothing_half_done(house: Installation) -> None:
    ((nils,),) = house.rows("SELECT id FROM directory_person WHERE name = 'Nils'")
    house.execute(FILL, given(house.record_id(), nils, 300))
    doomed = house.sweeper(environment={"CAREHUB_FAILPOINT": "mid_escalation:kill9:2"})
    doomed.popen.wait(30)
    assert house.rows("SELECT count(*) FROM delivery_escalation") == [(BATCH,)]
    assert house.rows("SELECT count(*) FROM events_delivery WHERE rung = 1") == [(BATCH,)]

    began = time.monotonic()
    house.sweep_once()

    assert house.rows("SELECT count(*) FROM delivery_escalation") == [(300,)]
    assert timedelta(seconds=time.monotonic() - began) < timedelta(seconds=60)
