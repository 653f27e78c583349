"""The faults, one function each: what is broken, and what must hold all the same. Ids are those of the fault table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from carehub.prove.scenarios import (
    clients,
    clocks,
    deadlines,
    fail_points,
    holding,
    leaving,
    lock_order,
    network,
    one_key,
    partition,
    providers,
    redis,
    servers,
    snapshots,
    strange,
    team,
    workers,
)
from carehub.prove.stage import Stage


@dataclass(frozen=True, slots=True)
class Scenario:
    """One fault: `run` breaks something on a stage and says there what did not hold.

    What mostly `waits` is played beside the others, on servers of its own.
    """

    id: str
    title: str
    run: Callable[[Stage], None]
    waits: bool = False


SCENARIOS: tuple[Scenario, ...] = (
    Scenario("F01", "one of two web servers killed again and again", servers.killed_web),
    Scenario("F02", "a process dies at each of eight places", fail_points.each, waits=True),
    Scenario("F03", "PostgreSQL killed under load", servers.killed_database, waits=True),
    Scenario("F04", "Redis killed and emptied", redis.killed, waits=True),
    Scenario("F05", "Redis stopped", redis.stopped, waits=True),
    Scenario("F06", "PostgreSQL falls silent", partition.silent_database, waits=True),
    Scenario("F07", "clients that vanish or are cut off every two seconds", clients.reconnecting),
    Scenario("F08", "sweepers and worker killed again and again", workers.killed_again_and_again),
    Scenario("F09", "four sweepers on the same due rows", deadlines.four_sweepers),
    Scenario("F10", "no sweeper for 35 minutes", deadlines.dead_tickers, waits=True),
    Scenario("F11", "twenty readers that stop reading", clients.not_reading),
    Scenario("F12", "three hundred sockets dropped at once", clients.all_at_once),
    Scenario("F13", "one Idempotency-Key, again and again", one_key.repeated),
    Scenario("F14", "servers' clocks wrong, a change of the hour, a leap day", clocks.wrong_clocks, waits=True),
    Scenario("F16", "a record's lock held, every connection taken", holding.locked_record, waits=True),
    Scenario("F17", "an idle writer and an old snapshot", holding.old_snapshot),
    Scenario("F19", "hints dropped, doubled, out of turn; no socket", redis.unheard, waits=True),
    Scenario("F20", "somebody leaves while hints are unheard", leaving.unheard, waits=True),
    Scenario("F21", "people come, leave, change and are away with obligations open", team.changing),
    Scenario("F24", "rolling restart under load", servers.rolling_restart),
    Scenario("F27", "events applied to what was fetched before each action", snapshots.applied),
    Scenario("F30", "a slow, narrow network that cuts connections off", network.toxics, waits=True),
    Scenario("F31", "mail server and gateways fail in every way", providers.misbehaving, waits=True),
    Scenario("F32", "an event that cannot be shown at the head of inboxes", strange.at_the_head, waits=True),
    Scenario("F34", "every kind of write at once, every lock recorded", lock_order.recorded),
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
