"""The arithmetic of cover, against a look at every minute."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carehub.records.intervals import Holder, Interval, both, gaps, minus

pytestmark = pytest.mark.quick

MIDNIGHT = datetime(2026, 3, 1, tzinfo=UTC)
LENGTH = 60
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no defect


def at(minute: int) -> datetime:
    return MIDNIGHT + timedelta(minutes=minute)


def interval(start: int, length: int) -> Interval:
    return at(start), at(start + length)


intervals = st.lists(st.builds(interval, st.integers(-10, LENGTH + 5), st.integers(0, 30)), max_size=5)
holders = st.lists(st.builds(Holder, away=intervals, duty=st.none() | intervals), max_size=4)


def is_in(minute: int, some: Iterable[Interval]) -> bool:
    return any(start <= at(minute) < end for start, end in some)


def is_covered(minute: int, people: list[Holder], on_call: list[Interval]) -> bool:
    """The rule, said once more and slowly."""
    if is_in(minute, on_call):
        return True
    return any(
        not is_in(minute, holder.away) and (holder.duty is None or is_in(minute, holder.duty)) for holder in people
    )


@unhurried
@given(holders, intervals)
def test_a_gap_is_every_minute_that_nobody_covers(people: list[Holder], on_call: list[Interval]) -> None:
    found = gaps((at(0), at(LENGTH)), people, on_call)

    assert [is_in(minute, found) for minute in range(LENGTH)] == [
        not is_covered(minute, people, on_call) for minute in range(LENGTH)
    ]
    assert all(start < end for start, end in found)
    assert all(earlier[1] < later[0] for earlier, later in pairwise(found)), "none touch"
    assert all(at(0) <= start and end <= at(LENGTH) for start, end in found)


@unhurried
@given(intervals, intervals)
def test_difference_and_intersection_are_those_of_the_minutes(some: list[Interval], others: list[Interval]) -> None:
    for minute in range(-15, LENGTH + 40):
        assert is_in(minute, minus(some, others)) == (is_in(minute, some) and not is_in(minute, others))
        assert is_in(minute, both(some, others)) == (is_in(minute, some) and is_in(minute, others))
