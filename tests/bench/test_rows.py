"""A row says truly what the rounds measured, and its goal is met or it is not."""

import pytest

from tests.bench.rows import Check, Goal, percentile, row, spread, table

pytestmark = pytest.mark.quick


def test_takes_medians_and_their_ratio() -> None:
    found = row("cpu", "us", [30, 40, 90], [300, 400, 380], goal=Goal("<=", 1 / 6))

    assert (found.carehub, found.baseline) == (40, 380)
    assert found.ratio == pytest.approx(40 / 380)
    assert found.met is True


@pytest.mark.parametrize(
    ("goal", "met"),
    [
        (Goal("<=", 0.5), True),
        (Goal("<=", 0.49), False),
        (Goal(">=", 0.5), True),
        (Goal(">=", 0.51), False),
        (Goal("<=", 10, "value"), True),
        (Goal("<=", 9, "value"), False),
        (None, None),
    ],
)
def test_meets_its_goal_at_the_limit_and_not_past_it(goal: Goal | None, met: bool | None) -> None:
    assert row("figure", "ms", [10], [20], goal=goal).met is met


def test_without_a_baseline_a_goal_of_the_ratio_is_open() -> None:
    assert row("figure", "ms", [10], goal=Goal("<=", 1)).met is None
    assert row("figure", "ms", [10], [0], goal=Goal("<=", 1)).met is None


def test_says_how_far_the_rounds_lie_apart() -> None:
    assert spread([5, 5, 5]) == 0
    assert spread([8, 10, 13]) == pytest.approx(0.5)
    assert spread([0, 0]) == 0


def test_is_refused_without_a_round() -> None:
    with pytest.raises(ValueError, match="was not measured"):
        row("figure", "ms", [])


@pytest.mark.parametrize(("share", "value"), [(0.5, 50), (0.99, 99), (1.0, 100), (0.001, 1)])
def test_a_percentile_is_a_value_that_was_measured(share: float, value: float) -> None:
    assert percentile([float(n) for n in range(100, 0, -1)], share) == value
    assert percentile([], share) == 0


def test_the_json_row_has_the_fields_that_are_promised() -> None:
    found = row("cpu", "us", [1.23456789], [3], goal=Goal(">=", 6)).as_json()

    assert {"figure", "unit", "carehub", "baseline", "ratio", "goal", "met", "spread"} <= set(found)
    assert found["carehub"] == 1.2346
    assert found["goal"] == "ratio >= 6"
    assert found["met"] is False


def test_the_table_shows_rows_and_checks() -> None:
    shown = table(
        [row("cpu", "us", [41.2], [320], goal=Goal("<=", 1 / 6), against="naive"), Check("whole", False, "9")]
    )

    assert "✓  cpu" in shown
    assert "320 naive" in shown
    assert "FAIL  whole: 9" in shown
