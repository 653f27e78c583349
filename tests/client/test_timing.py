"""The back-off of docs/protocol.md: 0.5 s doubling to 30 s, each times 0.5 to 1.5."""

import pytest

from carehub.client.timing import Backoff, Pace

pytestmark = pytest.mark.quick


def test_doubles_up_to_a_limit_within_the_jitter() -> None:
    backoff = Backoff(1.0)
    waits = [backoff.wait(stood_for=0.0) for _ in range(9)]

    for wait, middle in zip(waits, [0.5, 1, 2, 4, 8, 16, 30, 30, 30], strict=True):
        assert 0.5 * middle <= wait <= 1.5 * middle


def test_begins_anew_after_a_connection_that_stood_longer_than_the_last_wait() -> None:
    backoff = Backoff(1.0)
    for _ in range(6):
        backoff.wait(stood_for=0.0)

    assert backoff.wait(stood_for=1.0) > 1.0
    assert backoff.wait(stood_for=3600.0) <= 0.75


def test_is_scaled() -> None:
    assert Backoff(0.01).wait(stood_for=0.0) <= 0.0075


def test_frames_go_in_threes_after_a_rest_and_then_at_their_distance() -> None:
    now = 50.0
    pace = Pace(0.1, lambda: now)

    for _ in range(3):
        assert pace.delay == pytest.approx(0.0, abs=1e-9)
        pace.spend()
    assert pace.delay == pytest.approx(0.1)
    now += 0.1
    assert pace.delay == pytest.approx(0.0, abs=1e-9)
    pace.spend()
    assert pace.delay == pytest.approx(0.1)
    now += 60.0
    assert pace.delay == 0.0
