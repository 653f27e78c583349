"""Eight writers that never pause, teams of 20, 1,000 sockets: how late the last is, and what is missing 3 s later.

Latency counts from the commit, which PostgreSQL stamps on both sides (`track_commit_timestamp`).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import psycopg

from tests.bench.generator import Generator
from tests.bench.ground import House, Naive
from tests.bench.machine import wait
from tests.bench.plan import Found, Plan
from tests.bench.rows import Check, Goal, percentile, row
from tests.bench.seeding import Teams
from tests.bench.sides import carehub_headers, naive_headers
from tests.bench.writing import Targets, carehub_targets, naive_targets, write

WRITERS = 8
GRACE = 3.0

_COMMITS = {
    "carehub": "SELECT substr(text, 7, 8)::int, extract(epoch FROM pg_xact_commit_timestamp(xmin))::float8"
    " FROM messaging_message WHERE at > now() - interval '10 minutes'",
    "naive": "SELECT substr(text, 7, 8)::int, extract(epoch FROM pg_xact_commit_timestamp(xmin))::float8"
    " FROM naive_message",
}


@dataclass(frozen=True, slots=True)
class Burst:
    """One round: p99 in milliseconds, the share undelivered after the grace, and stored writes a second."""

    p99: float
    undelivered: float
    per_second: float


def measure(plan: Plan) -> Found:
    """CareHub in one process and in the production layout (gunicorn writes, daphne pushes), against naive."""
    teams = Teams(plan.of(4, 50, 50), 20)
    seconds = plan.of(2, 5, 15)
    rounds: dict[str, list[Burst]] = defaultdict(list)
    with (
        plan.ground.house(teams) as house,
        plan.ground.naive(teams) as naive,
        Generator(plan.ground.cluster.folder) as generator,
    ):
        sockets = house.daphne()
        ports = {"one process": sockets.port, "gunicorn + daphne": house.gunicorn().port}
        first = 0
        for number in plan.turns(3):
            for name, port in ports.items():
                generator.connect("carehub", sockets.port, carehub_headers(teams), received_every=50)
                found = once(generator, _connect(house), "carehub", port, carehub_targets(teams), seconds, first)
                rounds[name].append(found)
                first += 1_000_000
            generator.connect("naive", naive.server.port, naive_headers(teams))
            found = once(
                generator,
                _connect(naive),
                "naive",
                naive.server.port,
                naive_targets(teams),
                seconds,
                number * 1_000_000,
            )
            rounds["naive"].append(found)
            for name, of in rounds.items():
                last = of[-1]
                plan.say(
                    f"  {name}: {last.per_second:.0f} writes/s, p99 {last.p99:.0f} ms, {last.undelivered:.1%} missing"
                )
    return _rows(rounds)


def _rows(rounds: dict[str, list[Burst]]) -> Found:
    found: Found = []
    theirs = [each.p99 for each in rounds["naive"]]
    for name in ("one process", "gunicorn + daphne"):
        late = [each.p99 for each in rounds[name]]
        found.append(row(f"8 writers, p99, {name}", "ms", late, theirs, goal=Goal("<=", 1 / 30), against="naive"))
        missing = max(each.undelivered for each in rounds[name])
        found.append(Check(f"8 writers, {name}: nothing is missing 3 s later", missing == 0, f"{missing:.2%}"))
    worst = max(each.undelivered for each in rounds["naive"])
    found.append(
        row(
            "8 writers, writes",
            "1/s",
            [each.per_second for each in rounds["one process"]],
            [each.per_second for each in rounds["naive"]],
            against="naive",
            note=f"naive: {worst:.0%} missing 3 s later",
        )
    )
    return found


def once(
    generator: Generator,
    connection: psycopg.Connection[Any],
    side: str,
    port: int,
    targets: Targets,
    seconds: int,
    first: int,
) -> Burst:
    """Write for so long, wait three seconds, compare what was committed with what arrived."""
    with connection:
        generator.mark()
        written = write(port, targets, clients=WRITERS, seconds=seconds, first=first)
        expected = written.stored * 20
        wait(lambda: generator.arrived >= expected, GRACE, 0.01)
        arrivals = generator.arrivals()
        generator.close()
        commits: dict[int, float] = dict(connection.execute(_COMMITS[side]).fetchall())
    late = arrivals.latencies(commits)
    # What never came in time is as late as the round allows.
    late += [(seconds + GRACE) * 1000] * max(0, expected - len(late))
    return Burst(percentile(late, 0.99), max(0, expected - len(arrivals)) / max(1, expected), written.per_second)


def _connect(side: House | Naive) -> psycopg.Connection[Any]:
    return side.superuser() if isinstance(side, House) else side.connect()
