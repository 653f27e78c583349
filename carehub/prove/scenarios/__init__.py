"""The faults, one function each: what is broken, and what must hold all the same. Ids are those of the fault table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from carehub.prove.scenarios import deadlines, fail_points, network, one_key, redis, servers, workers
from carehub.prove.stage import Stage


@dataclass(frozen=True, slots=True)
class Scenario:
    """One fault: `run` breaks something on a stage and says there what did not hold."""

    id: str
    title: str
    run: Callable[[Stage], None]


SCENARIOS: tuple[Scenario, ...] = (
    Scenario("F01", "one of two web servers killed again and again", servers.killed_web),
    Scenario("F02", "a process dies at each of eight places", fail_points.each),
    Scenario("F03", "PostgreSQL killed under load", servers.killed_database),
    Scenario("F04", "Redis killed and emptied", redis.killed),
    Scenario("F05", "Redis stopped", redis.stopped),
    Scenario("F08", "sweepers and worker killed again and again", workers.killed_again_and_again),
    Scenario("F09", "four sweepers on the same due rows", deadlines.four_sweepers),
    Scenario("F10", "no sweeper for 35 minutes", deadlines.dead_tickers),
    Scenario("F13", "one Idempotency-Key, again and again", one_key.repeated),
    Scenario("F19", "every hint dropped", redis.unheard),
    Scenario("F24", "rolling restart under load", servers.rolling_restart),
    Scenario("F30", "a slow, narrow network that cuts connections off", network.toxics),
)


def choose(ids: str | None) -> list[Scenario]:
    """The scenarios with these ids, separated by commas, in the table's order; None means all.

    Raises ValueError for an id that does not exist, naming those that do.
    """
    if ids is None:
        return list(SCENARIOS)
    wanted = {id.strip().upper() for id in ids.split(",")}
    if unknown := wanted - {scenario.id for scenario in SCENARIOS}:
        known = ", ".join(scenario.id for scenario in SCENARIOS)
        raise ValueError(f"No fault is called {', '.join(sorted(unknown))}. There are: {known}.")
    return [scenario for scenario in SCENARIOS if scenario.id in wanted]
