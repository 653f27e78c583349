"""Charts: lengths in words, and a week in which the clocks change."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from carehub.console.charts import DAYS, bars, length, week
from carehub.reports.queries.interruptions import Hour
from carehub.reports.queries.times import Stage, Times

pytestmark = pytest.mark.quick


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "–"),
        (0.4, "under 1 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3_725, "1 h 2 min"),
        (86_400, "1 d"),
        (90_061, "1 d 1 h"),
        (86_460, "1 d"),
    ],
)
def test_lengths_are_said_in_two_units(seconds: float | None, words: str) -> None:
    assert length(seconds) == words


def test_a_week_in_which_the_clocks_go_back_counts_the_hour_twice_and_loses_none() -> None:
    before = datetime(2026, 10, 24, 22, tzinfo=UTC)  # Sunday 25 October, midnight in Berlin
    hours = [Hour(before + timedelta(hours=i), 1, 1) for i in range(25)]

    days = week(hours, ZoneInfo("Europe/Berlin"))

    sunday = days[DAYS.index("Sunday")]
    assert [cell.n for cell in sunday.cells] == [1, 1, 2] + [1] * 21
    assert [cell.level for cell in sunday.cells][:3] == [3, 3, 5]
    assert sum(cell.n for day in days for cell in day.cells) == 25


def test_a_week_without_any_is_no_chart() -> None:
    assert week([], ZoneInfo("UTC")) == []


def test_bars_end_at_the_slowest_or_the_clock_and_leave_out_what_nobody_was_asked() -> None:
    none, some = Stage(0, 0, None, None, None), Stage(4, 1, 900.0, 7_200.0, 7_200.0)
    cell = Times(
        role=None, priority="stat", told=5, later=0, asked=5, superseded=0, handed_over=0, withdrawn=0,
        received=some, seen=none, done=some, received_within=300.0, done_within=1_800.0,
    )  # fmt: skip

    (chart,) = bars([cell], "done")

    assert bars([cell], "seen") == []
    (bar,) = chart.bars
    assert (bar.label, bar.words) == ("All roles", "half in 15 min, 90 % in 2 h")
    assert bar.most == pytest.approx(96.15)
    assert chart.line == pytest.approx(24.04)
    assert chart.within == "30 min"
