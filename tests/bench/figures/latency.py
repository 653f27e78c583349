"""Commit to receipt at 1,000 deliveries a second: p99 against the tutorial's chat and against raw Redis."""

from __future__ import annotations

from collections import defaultdict

from tests.bench.generator import Generator
from tests.bench.plan import Found, Plan
from tests.bench.rows import Goal, row
from tests.bench.runs import Round, pace
from tests.bench.seeding import Teams
from tests.bench.sides import fan_out_sides

PER_SECOND = 1000.0
SIDES = ("daphne", "naive", "redis")


def measure(plan: Plan) -> Found:
    """Seven rounds of some seconds, interleaved."""
    teams = Teams(plan.of(4, 50, 50), 20)
    rounds: dict[str, list[Round]] = defaultdict(list)
    with (
        fan_out_sides(plan.ground, teams, SIDES, per_batch=1) as sides,
        Generator(plan.ground.cluster.folder) as generator,
    ):
        for number in plan.turns(7, quick=2):
            for side in sides:
                side.connect(generator)
                found = pace(side, generator, plan.of(5, 3, 10), PER_SECOND)
                generator.close()
                rounds[side.name].append(found)
                plan.say(f"  round {number + 1} {side.name}: p50 {found.p50:.1f} ms, p99 {found.p99:.1f} ms")
    ours = [each.p99 for each in rounds["daphne"]]
    return [
        row(
            "commit to receipt, p99",
            "ms",
            ours,
            [each.p99 for each in rounds["naive"]],
            goal=Goal("<=", 0.7),
            against="naive",
        ),
        row(
            "commit to receipt, p99",
            "ms",
            ours,
            [each.p99 for each in rounds["redis"]],
            goal=Goal("<=", 2.5),
            against="redis",
        ),
        row(
            "commit to receipt, p50",
            "ms",
            [each.p50 for each in rounds["daphne"]],
            [each.p50 for each in rounds["naive"]],
            against="naive",
        ),
    ]
