"""What an idle socket and a process at rest cost in memory."""

from __future__ import annotations

import time
from collections import defaultdict

from tests.bench.generator import Generator
from tests.bench.machine import memory_of, until
from tests.bench.plan import Found, Plan
from tests.bench.rows import Goal, row
from tests.bench.seeding import Teams
from tests.bench.sides import carehub_headers, naive_headers

SETTLE_SECONDS = 2.0


def measure(plan: Plan) -> Found:
    """A fresh process for each round: memory that was used once is not given back."""
    teams = Teams(plan.of(2, 50, 100), 20)
    rest: dict[str, list[float]] = defaultdict(list)
    each: dict[str, list[float]] = defaultdict(list)
    with (
        plan.ground.house(teams) as house,
        plan.ground.naive(teams) as naive,
        Generator(plan.ground.cluster.folder) as generator,
    ):
        for number in plan.turns(3):
            server = house.daphne()
            sides = [("carehub", server.port, server.popen.pid, carehub_headers(teams))]
            if number == 0:
                sides.append(("naive", naive.server.port, naive.server.popen.pid, naive_headers(teams)))
            for name, port, pid, headers in sides:
                # One socket first: what is loaded on first use belongs to the process.
                generator.connect(name, port, headers[:1])
                rest[name].append(memory_of(pid) / 1024)
                before = memory_of(pid)
                generator.connect(name, port, headers[1:])
                until(time.monotonic() + SETTLE_SECONDS)
                each[name].append((memory_of(pid) - before) / (len(headers) - 1))
                generator.close()
            server.kill()
    goal = Goal("<=", 32, "value")
    return [
        row("idle socket", "KB", each["carehub"], each["naive"], goal=goal, against="naive"),
        row("process at rest", "MB", rest["carehub"], rest["naive"], goal=Goal("<=", 130, "value"), against="naive"),
    ]
