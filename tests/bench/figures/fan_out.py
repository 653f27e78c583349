"""CPU for each delivery and deliveries a second, saturated: teams of 20, 1,000 sockets on one server process."""

from __future__ import annotations

from collections import defaultdict

from tests.bench.generator import Generator
from tests.bench.plan import Found, Plan
from tests.bench.rows import Goal, row
from tests.bench.runs import Round, saturate
from tests.bench.seeding import Teams
from tests.bench.sides import Side, fan_out_sides

PER_BATCH = 5
ON_THEIR_WAY = 4
"""Deliveries for each socket that may be under way at once: enough to saturate, not so many that pages fill."""

SIDES = ("daphne", "uvicorn", "naive", "websockets")


def measure(plan: Plan) -> Found:
    """Each side connected once; the rounds interleaved."""
    teams = Teams(plan.of(4, 50, 50), 20)
    with (
        fan_out_sides(plan.ground, teams, SIDES, per_batch=min(PER_BATCH, teams.count)) as sides,
        Generator(plan.ground.cluster.folder) as generator,
    ):
        rounds: dict[str, list[Round]] = defaultdict(list)
        for number in plan.turns(5, quick=2):
            for side in sides:
                found = once(plan, side, generator, teams)
                rounds[side.name].append(found)
                plan.say(
                    f"  round {number + 1} {side.name}: {found.per_second:,.0f}/s, {found.cpu:.1f} us, "
                    f"generator {found.generator:.0%} of a core"
                )
    return _rows(rounds)


def once(plan: Plan, side: Side, generator: Generator, teams: Teams) -> Round:
    """Connect, saturate, leave. The tutorial's chat gets fewer events: it is that much slower."""
    events = plan.of(10, 60, 200)
    side.connect(generator)
    try:
        return saturate(side, generator, events // 3 if side.name == "naive" else events, teams.people * ON_THEIR_WAY)
    finally:
        generator.close()


def _rows(rounds: dict[str, list[Round]]) -> Found:
    found: Found = []
    cpu = {name: [each.cpu for each in of] for name, of in rounds.items()}
    rate = {name: [each.per_second for each in of] for name, of in rounds.items()}
    busiest = max(each.generator for of in rounds.values() for each in of)
    for server, most, least in (("daphne", 1 / 6, 6), ("uvicorn", 1 / 10, 9)):
        name = f"cpu per delivery, {server}"
        found.append(row(name, "us", cpu[server], cpu["naive"], goal=Goal("<=", most), against="naive"))
        name = f"deliveries/s, {server}"
        found.append(
            row(
                name,
                "1/s",
                rate[server],
                rate["naive"],
                goal=Goal(">=", least),
                against="naive",
                note=f"generator at most {busiest:.0%} of a core",
            )
        )
        # The goal is bare / ours >= share, so ours / bare <= 1 / share.
        share = 0.30 if server == "daphne" else 0.55
        name = f"cpu per delivery, {server}"
        goal = Goal("<=", 1 / share)
        found.append(row(name, "us", cpu[server], cpu["websockets"], goal=goal, against="websockets"))
    return found
