"""The product's own figures once more with one duty off: what audit, authorization and the ledger's read cost."""

from __future__ import annotations

from collections import defaultdict
from functools import partial

from tests.bench.generator import Generator
from tests.bench.machine import cpu_of_all, wait
from tests.bench.plan import Found, Plan
from tests.bench.rows import row
from tests.bench.runs import saturate
from tests.bench.seeding import Teams
from tests.bench.sides import carehub_side
from tests.bench.writing import carehub_targets, write

_MODULE = "tests.bench.variants.{}:application"
WINDOW = 4


def measure(plan: Plan) -> Found:
    """Each variant on a process of its own, in turn with the whole product. Not a goal, not a claim."""
    return [*_pushing(plan), *_writing(plan)]


def _pushing(plan: Plan) -> Found:
    teams = Teams(plan.of(4, 50, 50), 20)
    cpu: dict[str, list[float]] = defaultdict(list)
    names = ("daphne", "without_authorization", "without_ledger")
    with plan.ground.house(teams) as house, Generator(plan.ground.cluster.folder) as generator:
        for _ in plan.turns(3):
            for name in names:
                server = house.daphne(*([] if name == "daphne" else [_MODULE.format(name)]))
                pids = [server.popen.pid]
                with carehub_side(house, name, server.port, pids, per_batch=min(5, teams.count), is_aged=True) as side:
                    side.connect(generator)
                    if name == "without_ledger":
                        cpu[name].append(_unread(plan, side.send, side.stage, generator, pids, side.fanout))
                    else:
                        found = saturate(side, generator, plan.of(10, 30, 100), teams.people * WINDOW)
                        cpu[name].append(found.cpu)
                    generator.close()
                server.kill()
    return [
        row("cpu per delivery", "us", cpu["daphne"], cpu[name], against=name.replace("_", " ")) for name in names[1:]
    ]


def _unread(plan: Plan, send: object, stage: object, generator: Generator, pids: list[int], fanout: int) -> float:
    """Its marks are inbox numbers and not batches, so arrivals are only counted."""
    assert callable(send)
    assert callable(stage)
    batches = stage(plan.of(10, 30, 100))
    generator.mark()
    before = cpu_of_all(pids)
    for batch in range(batches):
        wait(partial(_has, generator, (batch - WINDOW) * fanout), 10, 0.0005)
        send(batch)
    wait(lambda: generator.arrived >= batches * fanout, 10)
    return (cpu_of_all(pids) - before) / max(1, generator.arrived) * 1e6


def _has(generator: Generator, number: int) -> bool:
    return generator.arrived >= number


def _writing(plan: Plan) -> Found:
    teams = Teams(plan.of(4, 50, 50), 10)
    rates: dict[str, list[float]] = defaultdict(list)
    first = 0
    with plan.ground.house(teams) as house:
        for _ in plan.turns(3):
            for name in ("daphne", "without_audit"):
                server = house.daphne(*([] if name == "daphne" else [_MODULE.format(name)]))
                more = {"clients": 8, "seconds": plan.of(1, 3, 10), "first": first}
                rates[name].append(write(server.port, carehub_targets(teams), **more).per_second)
                first += 1_000_000
                server.kill()
    return [row("POST of a message", "1/s", rates["daphne"], rates["without_audit"], against="without audit")]
