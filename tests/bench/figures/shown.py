"""What makes the fan-out believable: no ledger, no frames; as many statements whatever the team; one subscription."""

from __future__ import annotations

from typing import Any

from tests.bench.generator import Generator
from tests.bench.ground import House
from tests.bench.ledger import PreparedLedger
from tests.bench.machine import wait
from tests.bench.plan import Found, Plan
from tests.bench.rows import Check
from tests.bench.runs import saturate
from tests.bench.seeding import Teams
from tests.bench.sides import carehub_headers, carehub_side

_READS = """
SELECT coalesce(sum(calls), 0)::int FROM pg_stat_statements s JOIN pg_roles r ON r.oid = s.userid
 WHERE r.rolname = 'carehub_app' AND query LIKE '%CROSS JOIN LATERAL%'
"""


def measure(plan: Plan) -> Found:
    """Checks only."""
    small, large = _statements(plan, 5), _statements(plan, plan.of(50, 200, 200))
    return [
        *_without_rows(plan),
        Check(
            "statements for each batch do not grow with the team", large <= small * 1.5, f"{small:.2f} and {large:.2f}"
        ),
        *_empty_at_first(plan),
    ]


def _without_rows(plan: Plan) -> Found:
    """Hints of inboxes that have nothing behind them bring nobody anything; and each process subscribes once."""
    teams = Teams(2, 10)
    with plan.ground.house(teams) as house, house.superuser() as connection:
        server = house.daphne()
        with Generator(plan.ground.cluster.folder) as generator:
            generator.connect("carehub", server.port, carehub_headers(teams))
            generator.mark()
            ledger = PreparedLedger(connection, house.redis, house.channel, teams)
            for n in range(1, 50):
                ledger.ring_only(0, n)
            wait(lambda: generator.arrived > 0, 1.5, 0.05)
            arrived = generator.arrived
        counted: Any = house.redis.pubsub_numsub(f"{house.channel}:doorbell")
        subscribed = int(counted[0][1])
    return [
        Check("without the ledger's rows nothing is sent", arrived == 0, f"{arrived} of 490 hinted"),
        Check("one Redis subscription for a process", subscribed == 1, f"{subscribed}"),
    ]


def _statements(plan: Plan, size: int) -> float:
    """The hub's reads for each committed batch, one team of this size, one batch at a time."""
    teams = Teams(1, size)
    with plan.ground.house(teams) as house, Generator(plan.ground.cluster.folder) as generator:
        server = house.daphne()
        with carehub_side(house, "shown", server.port, [server.popen.pid], per_batch=1) as side:
            side.connect(generator)
            before = _reads(house)
            events = plan.of(10, 40, 100)
            saturate(side, generator, events, size)
            return (_reads(house) - before) / events


def _empty_at_first(plan: Plan) -> Found:
    """The hub's statement is planned when the first people resume; a ledger that was empty then is no excuse."""
    teams = Teams(plan.of(10, 50, 50), 20)
    rates = {}
    for is_aged in (True, False):
        with plan.ground.house(teams) as house, Generator(plan.ground.cluster.folder) as generator:
            server = house.daphne()
            pids = [server.popen.pid]
            with carehub_side(house, "shown", server.port, pids, per_batch=5, is_aged=is_aged) as side:
                side.connect(generator)
                rates[is_aged] = saturate(side, generator, plan.of(10, 10, 20), teams.people * 4).per_second
    share = rates[False] / rates[True]
    said = f"{rates[False]:,.0f}/s, {share:.0%} of {rates[True]:,.0f}/s"
    return [Check("a ledger that was empty at the first connect is read as fast", share > 0.7, said)]


def _reads(house: House) -> int:
    with house.superuser() as connection:
        row = connection.execute(_READS).fetchone()
    assert row is not None
    return int(str(row[0]))
