"""Local times to instants, over the days on which clocks are changed."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carehub.core.errors import InvalidInput
from carehub.records.times import instant

pytestmark = pytest.mark.quick

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    ("local", "zone", "expected"),
    [
        ("2026-07-01T18:00", BERLIN, "2026-07-01T16:00Z"),
        ("2026-12-01T18:00", BERLIN, "2026-12-01T17:00Z"),
        ("2028-02-29T23:30", BERLIN, "2028-02-29T22:30Z"),
        ("2026-10-25T02:30+02:00", BERLIN, "2026-10-25T00:30Z"),
        ("2026-10-25T02:30+01:00", BERLIN, "2026-10-25T01:30Z"),
        ("2026-11-01T01:30-04:00", NEW_YORK, "2026-11-01T05:30Z"),
        ("2026-11-01T01:30-05:00", NEW_YORK, "2026-11-01T06:30Z"),
        ("2026-03-29T03:00", BERLIN, "2026-03-29T01:00Z"),
    ],
)
def test_are_taken_at_the_zones_offset(local: str, zone: ZoneInfo, expected: str) -> None:
    assert instant(local, zone, pointer="/starts") == datetime.fromisoformat(expected)


@pytest.mark.parametrize(
    ("local", "zone", "says"),
    [
        ("2026-03-29T02:30", BERLIN, "02:30 does not exist in Europe/Berlin on 2026-03-29"),
        ("2026-03-08T02:00", NEW_YORK, "The same moment is shown as 03:00"),
        ("2026-10-25T02:30", BERLIN, "Send 2026-10-25T02:30+02:00 or 2026-10-25T02:30+01:00"),
        ("2026-11-01T01:59", NEW_YORK, "01:59 exists twice in America/New_York"),
        ("2026-07-01T18:00+05:00", BERLIN, "Leave it out, or send 2026-07-01T18:00+02:00"),
        ("2026-03-29T02:30+01:00", BERLIN, "does not exist"),
        ("2027-02-29T12:00", BERLIN, "A local time has the form"),
        ("tomorrow", BERLIN, "A local time has the form"),
        ("9999-12-31T23:59", BERLIN, "A local time has the form"),
        ("2026-07-01T18:00Z", BERLIN, "A local time has the form"),
    ],
)
def test_that_cannot_be_meant_are_refused_with_what_to_send(local: str, zone: ZoneInfo, says: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        instant(local, zone, pointer="/ends")

    assert says in refused.value.detail
    assert refused.value.pointer == "/ends"


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no defect
@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)),  # noqa: DTZ001  minutes of UTC
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]),
)
def test_come_back_as_they_went(moment: datetime, name: str) -> None:
    zone = ZoneInfo(name)
    at = moment.replace(second=0, microsecond=0, tzinfo=UTC)

    assert instant(at.astimezone(zone).isoformat(timespec="minutes"), zone, pointer="/starts") == at


def test_every_minute_of_the_longest_and_the_shortest_day_is_told_apart() -> None:
    for day, minutes in (("2026-10-25", 25 * 60), ("2026-03-29", 23 * 60)):
        start = instant(f"{day}T00:00", BERLIN, pointer="/starts")
        end = instant((datetime.fromisoformat(day) + timedelta(days=1)).strftime("%Y-%m-%dT00:00"), BERLIN, pointer="")
        assert (end - start) == timedelta(minutes=minutes)
