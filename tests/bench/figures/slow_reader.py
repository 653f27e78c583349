"""One reader stops while 18 MB are sent to his team: what the server keeps for him, and what the others feel."""

from __future__ import annotations

import time
from collections import defaultdict

from tests.bench.generator import Generator
from tests.bench.machine import memory_of, until, wait
from tests.bench.plan import Found, Plan
from tests.bench.rows import Check, Goal, percentile, row
from tests.bench.seeding import Teams
from tests.bench.sides import Side, carehub_side

TEXT = 18_000
PER_SECOND = 50.0


def measure(plan: Plan) -> Found:
    """Control and trial in turn, on a fresh process each."""
    teams = Teams(1, 10)
    events = plan.of(60, 400, 1000)
    grown: list[float] = []
    late: dict[str, list[float]] = defaultdict(list)
    lost = 0
    with plan.ground.house(teams) as house, Generator(plan.ground.cluster.folder) as generator:
        for _ in plan.turns(7):
            for name in ("control", "trial"):
                server = house.daphne()
                pids = [server.popen.pid]
                with carehub_side(house, name, server.port, pids, per_batch=1, text=TEXT, is_aged=False) as side:
                    growth, p99, missing = once(side, generator, events, slow=name == "trial")
                late[name].append(p99)
                if name == "trial":
                    grown.append(growth)
                    lost += missing
                server.kill()
                plan.say(f"  {name}: p99 {p99:.1f} ms, grew {growth:.2f} MB, others lost {missing}")
    note = f"{events * TEXT / 1e6:.0f} MB"
    goal = Goal("<=", 2, "value")
    return [
        row("slow reader, growth", "MB", grown, goal=goal, note=note),
        row(
            "slow reader, the others' p99",
            "ms",
            late["trial"],
            late["control"],
            goal=Goal("<=", 1.5),
            against="control",
        ),
        Check("slow reader: the others lose nothing", lost == 0, f"{lost} lost"),
    ]


def once(side: Side, generator: Generator, events: int, *, slow: bool) -> tuple[float, float, int]:
    """Growth in MB over what all-readers cost at the same moment, the others' p99 in ms, and what they lost."""
    people = len(side.headers)
    batches = side.stage(events)
    side.connect(generator, received_every=5)
    generator.mark()
    # Warm: buffers of everybody have been used once.
    warm = min(20, batches // 2)
    sent = {batch: side.send(batch) for batch in range(warm)}
    wait(lambda: generator.arrived >= warm * people, 10)
    if slow:
        generator.ask(do="pause", slot=people - 1)
    before, start = memory_of(side.pids[0]), time.monotonic()
    generator.mark()
    for batch in range(warm, batches):
        until(start + (batch - warm) / PER_SECOND)
        sent[batch] = side.send(batch)
    readers = people - 1 if slow else people
    wait(lambda: generator.arrived >= (batches - warm) * readers, 10)
    growth = (memory_of(side.pids[0]) - before) / 1024
    arrivals = generator.arrivals()
    generator.close()
    others = [(s, m) for s, m in zip(arrivals.sockets, arrivals.marks, strict=True) if s != people - 1]
    missing = (batches - warm) * (people - 1) - len(set(others))
    return growth, percentile(arrivals.latencies(sent), 0.99), missing
