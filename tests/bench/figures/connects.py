"""Everybody comes back at once: 2,000 log-ins by cookie, each person on 200 teams, all in one instant."""

from __future__ import annotations

from collections import defaultdict

from tests.bench.generator import Generator
from tests.bench.ground import House
from tests.bench.plan import Found, Plan
from tests.bench.rows import Check, Goal, percentile, row
from tests.bench.seeding import Teams
from tests.bench.sides import carehub_headers, naive_headers

PATIENCE = 20

_CALLS = """
SELECT coalesce(sum(calls), 0)::int FROM pg_stat_statements s JOIN pg_roles r ON r.oid = s.userid
 WHERE r.rolname = 'carehub_app' AND query LIKE '%accounts_session s%' AND query LIKE '%expire_date%'
   AND query NOT LIKE '%WITH ORDINALITY%'
"""


def measure(plan: Plan) -> Found:
    """From the TCP connection to the `head` that follows `resume`; for naive to the end of the handshake."""
    teams = Teams(plan.of(10, 200, 200), plan.of(4, 5, 10), plan.of(5, 200, 200))
    late: dict[str, list[float]] = defaultdict(list)
    into: dict[str, list[float]] = defaultdict(list)
    calls = 0
    with (
        plan.ground.house(teams) as house,
        plan.ground.naive(teams) as naive,
        Generator(plan.ground.cluster.folder) as generator,
    ):
        for _ in plan.turns(3):
            server = house.daphne()
            # The first alone: it starts the hub.
            generator.connect("carehub", server.port, carehub_headers(teams)[:1])
            before = connects_seen(house)
            for name, port, headers in (
                ("carehub", server.port, carehub_headers(teams)),
                ("naive", naive.server.port, naive_headers(teams)),
            ):
                said = generator.connect(name, port, headers, width=len(headers), seconds=PATIENCE)
                late[name].append(percentile(said["seconds"] + [PATIENCE] * said["failed"], 0.99))
                into[name].append(said["connected"] / len(headers))
                generator.close()
                plan.say(f"  {name}: {said['connected']} of {len(headers)} in {said['wall']:.1f} s {said['refusal']}")
            calls += connects_seen(house) - before
            server.kill()
    expected = teams.people * len(late["carehub"])
    note = f"{teams.people} at once, naive lets {into['naive'][-1]:.0%} in"
    return [
        row(
            "connect, p99", "s", late["carehub"], late["naive"], goal=Goal("<=", 3, "value"), against="naive", note=note
        ),
        Check("connects: all are in", min(into["carehub"]) == 1, f"{min(into['carehub']):.1%}"),
        Check("connects: one query each", calls == expected, f"{calls} queries of {expected} connects"),
    ]


def connects_seen(house: House) -> int:
    """How often the statement that lets somebody in has run."""
    with house.superuser() as connection:
        row = connection.execute(_CALLS).fetchone()
    assert row is not None
    return int(str(row[0]))
