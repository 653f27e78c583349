"""The CPU of a whole event: one POST, ten pushes, ten acknowledgements; against the tutorial's chat."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from functools import partial

from tests.bench.generator import Generator
from tests.bench.machine import cpu_of_all, wait
from tests.bench.plan import Found, Plan
from tests.bench.rows import Check, Goal, row
from tests.bench.seeding import Teams
from tests.bench.sides import carehub_headers, naive_headers
from tests.bench.writing import Targets, carehub_targets, naive_targets, write

SIZE = 11
"""The author and ten others."""

RATE_CLIENTS = 2


def measure(plan: Plan) -> Found:
    """The server's own CPU has the goal; with PostgreSQL and Valkey it stands beside."""
    teams = Teams(plan.of(3, 20, 50), SIZE)
    events = plan.of(20, 200, 1000)
    web: dict[str, list[float]] = defaultdict(list)
    everything: dict[str, list[float]] = defaultdict(list)
    with (
        plan.ground.house(teams) as house,
        plan.ground.naive(teams) as naive,
        Generator(plan.ground.cluster.folder) as generator,
    ):
        server = house.daphne()
        shared = [*plan.ground.postgres_pids(), *filter(None, [house.cluster.valkey.pid])]

        def acknowledged(side: str) -> int:
            with house.superuser() if side == "carehub" else naive.connect() as connection:
                table = "events_delivery WHERE outcome = 'acknowledged'"
                table = table if side == "carehub" else "naive_acknowledgement"
                found = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
            assert found is not None
            return int(str(found[0]))

        first = 0
        for _ in plan.turns(3):
            for name, port, pid, headers, targets in (
                ("carehub", server.port, server.popen.pid, carehub_headers(teams), carehub_targets(teams)),
                ("naive", naive.server.port, naive.server.popen.pid, naive_headers(teams), naive_targets(teams)),
            ):
                generator.connect(name, port, headers, acknowledges=True, received_every=10)
                before = cpu_of_all([pid]), cpu_of_all(shared)
                once(port, targets, events, first, partial(acknowledged, name), name)
                web[name].append((cpu_of_all([pid]) - before[0]) / events * 1000)
                everything[name].append(web[name][-1] + (cpu_of_all(shared) - before[1]) / events * 1000)
                generator.close()
                plan.say(f"  {name}: {web[name][-1]:.2f} ms, with PostgreSQL and Valkey {everything[name][-1]:.2f} ms")
            first += events
        with house.superuser() as connection:
            lines = connection.execute("SELECT count(*) FROM audit_entry WHERE verb = 'event.acknowledge'").fetchone()
        assert lines is not None
        done = acknowledged("carehub")
    return [
        row("cpu of a whole event", "ms", web["carehub"], web["naive"], goal=Goal("<=", 1 / 3), against="naive"),
        row("cpu of a whole event, all processes", "ms", everything["carehub"], everything["naive"], against="naive"),
        Check("each acknowledgement has its line of the trail", int(str(lines[0])) == done, f"{lines[0]} of {done}"),
    ]


def once(port: int, targets: Targets, events: int, first: int, acknowledged: Callable[[], int], name: str) -> None:
    """Write so many, and wait until ten people have acknowledged each. Raises TimeoutError."""
    expected = acknowledged() + events * (SIZE - 1 if name == "carehub" else SIZE)
    more = {"mentioned_roles": ["nurse"], "asks_acknowledgement": True} if name == "carehub" else {}
    body = {"text": "x" * 200} | more
    written = write(port, targets, clients=RATE_CLIENTS, count=first + events, first=first, body=body)
    if written.stored != events:
        raise TimeoutError(f"{name}: {written.statuses}")
    if not wait(lambda: acknowledged() >= expected, 30, 0.05):
        raise TimeoutError(f"{name}: {acknowledged()} acknowledgements of {expected}")
