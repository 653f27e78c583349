"""POST of a message to a team of 10, everything on, against pgbench of the same statements on the same rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from tests.bench import pgbench
from tests.bench.plan import Found, Plan
from tests.bench.rows import Check, Goal, row
from tests.bench.seeding import Teams
from tests.bench.writing import carehub_targets, write

CLIENTS = 8


def measure(plan: Plan) -> Found:
    """Eight clients each; the three in turn, on one database."""
    teams = Teams(plan.of(5, 50, 50), 10)
    rates: dict[str, list[float]] = defaultdict(list)
    seconds = plan.of(1, 3, 10)
    statuses: dict[str, int] = defaultdict(int)
    first = 0
    with plan.ground.house(teams) as house:
        pgbench.make_threads(house)
        statements = pgbench.capture(house)
        files = pgbench.scripts(statements, teams, plan.ground.cluster.folder)
        ports = {"daphne": house.daphne().port, "gunicorn": house.gunicorn().port}
        targets = carehub_targets(teams)
        for number in plan.turns(3, quick=2):
            for name, port in ports.items():
                write(port, targets, clients=CLIENTS, count=first + 40, first=first)
                first += 40
                written = write(port, targets, clients=CLIENTS, seconds=seconds, first=first)
                first += written.stored + 1000
                rates[name].append(written.per_second)
                for status, times in written.statuses.items():
                    statuses[status] += times
                plan.say(f"  round {number + 1} {name}: {written.per_second:.0f}/s, writers {written.cpu:.0%}")
            tps = pgbench.run(house, files, clients=CLIENTS, seconds=seconds, offset=number * 10_000_000)
            rates["pgbench"].append(tps)
            plan.say(f"  round {number + 1} pgbench: {tps:.0f}/s, {len(statements)} statements")
        whole = trail_equals_writes(house.installation.rows)
    return [
        row(
            f"POST of a message, {name}",
            "1/s",
            rates[name],
            rates["pgbench"],
            goal=Goal(">=", least),
            against="pgbench",
            note=f"{len(statements)} statements",
        )
        for name, least in (("gunicorn", 0.30), ("daphne", 0.18))
    ] + [
        Check("every POST was stored", set(statuses) == {"201"}, f"answers {dict(statuses)}"),
        Check("the trail's rows equal the writes", whole[0] == whole[1], f"{whole[1]} lines, {whole[0]} messages"),
    ]


def trail_equals_writes(ask: Callable[[str], list[tuple[Any, ...]]]) -> tuple[int, int]:
    """Messages that are stored, and lines of the trail that say so."""
    ((messages,),) = ask("SELECT count(*) FROM messaging_message")
    ((lines,),) = ask("SELECT count(*) FROM audit_entry WHERE verb = 'message.post'")
    return int(messages), int(lines)
