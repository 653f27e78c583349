"""A notice leaves no earlier than its person's hours allow, also on the days on which the clock jumps."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from carehub.delivery.hours import Hours, end_of_quiet, is_within, may_leave_at, next_digest
from carehub.events.catalogue import PRIORITIES

pytestmark = pytest.mark.quick

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
NIGHT = Hours(BERLIN, time(22), time(6, 30))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("priority", "expected"),
    [
        ("stat", "2026-06-10T23:00"),
        ("asap", "2026-06-10T23:00"),
        ("urgent", "2026-06-11T04:30"),
        ("routine", "2026-06-11T06:00"),
    ],
)
def test_at_night_what_is_pressing_leaves_and_the_rest_waits(priority: Any, expected: str) -> None:
    assert may_leave_at(utc("2026-06-10T23:00"), priority=priority, hours=NIGHT) == utc(expected)


def test_nothing_is_ever_sent_before_now_or_held_longer_than_a_day() -> None:
    for hours in (NIGHT, Hours(NEW_YORK), Hours(NEW_YORK, time(2, 10), time(2, 50), time(2, 5)), Hours(BERLIN)):
        for minutes in range(0, 366 * 24 * 60, 97):
            now = utc("2026-01-01T00:00") + timedelta(minutes=minutes)
            for priority in PRIORITIES:
                assert now <= may_leave_at(now, priority=priority, hours=hours) <= now + timedelta(hours=25)


@pytest.mark.parametrize(
    ("zone", "now", "expected"),
    [
        (BERLIN, "2026-03-28T21:30", "2026-03-29T04:30"),  # an hour is skipped that night
        (BERLIN, "2026-10-24T21:30", "2026-10-25T05:30"),  # an hour comes twice
        (NEW_YORK, "2026-03-08T03:30", "2026-03-08T10:30"),
        (NEW_YORK, "2026-11-01T03:30", "2026-11-01T11:30"),
    ],
)
def test_quiet_hours_end_by_the_clock_on_the_wall(zone: ZoneInfo, now: str, expected: str) -> None:
    assert end_of_quiet(utc(now), Hours(zone, time(22), time(6, 30))) == utc(expected)


@pytest.mark.parametrize(
    ("zone", "until", "now", "expected"),
    [
        (BERLIN, "02:30", "2026-03-28T22:00", "2026-03-29T01:30"),  # 02:30 is skipped: 03:30
        (BERLIN, "02:30", "2026-10-24T22:00", "2026-10-25T00:30"),  # 02:30 comes twice: the first
        (NEW_YORK, "02:30", "2026-03-08T04:00", "2026-03-08T07:30"),
        (NEW_YORK, "01:30", "2026-11-01T04:00", "2026-11-01T05:30"),
    ],
)
def test_an_end_or_a_digest_that_the_clock_skips_or_repeats_comes_once(
    zone: ZoneInfo, until: str, now: str, expected: str
) -> None:
    moment = time.fromisoformat(until)

    assert end_of_quiet(utc(now), Hours(zone, time(22), moment)) == utc(expected)
    assert next_digest(utc(now), Hours(zone, digest_at=moment)) == utc(expected)
    tomorrow = next_digest(utc(expected), Hours(zone, digest_at=moment))
    assert utc(expected) + timedelta(hours=22) < tomorrow < utc(expected) + timedelta(hours=26)


def test_quiet_hours_within_a_day_and_over_midnight() -> None:
    siesta = Hours(BERLIN, time(13), time(15))

    assert end_of_quiet(utc("2026-06-10T10:59"), siesta) is None
    assert end_of_quiet(utc("2026-06-10T11:00"), siesta) == utc("2026-06-10T13:00")
    assert end_of_quiet(utc("2026-06-10T13:00"), siesta) is None
    assert end_of_quiet(utc("2026-06-10T20:00"), NIGHT) == end_of_quiet(utc("2026-06-11T04:29"), NIGHT)
    assert is_within(time(23), time(22), time(6))
    assert is_within(time(5), time(22), time(6))
    assert not is_within(time(6), time(22), time(6))
    assert not is_within(time(15), time(13), time(15))


def test_the_digest_is_at_eight_unless_chosen() -> None:
    assert next_digest(utc("2026-06-10T05:59"), Hours(BERLIN)) == utc("2026-06-10T06:00")
    assert next_digest(utc("2026-06-10T06:00"), Hours(BERLIN)) == utc("2026-06-11T06:00")
