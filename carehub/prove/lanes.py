"""Play many scenarios in two lanes and say how it goes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

from carehub.prove.cluster import CommandFailed
from carehub.prove.lane import Lane
from carehub.prove.report import line
from carehub.prove.run import Result, play
from carehub.prove.scenarios import Scenario
from carehub.prove.stage import Size, proving_ground


def play_all(chosen: Sequence[Scenario], *, seed: int, size: Size) -> list[Result]:
    """What each of these found, in the order given; those that wait are played beside those that work.

    Raises CommandFailed when the second lane ended before it had played everything.
    """
    titles = {scenario.id: scenario.title for scenario in chosen}
    results: dict[str, Result] = {}
    numbers = count(1)

    def begins(id: str) -> None:
        print(f"[{next(numbers)}/{len(chosen)}] {id} {titles[id]} ...", flush=True)

    def ends(result: Result) -> None:
        results[result.id] = result
        print(line(result), flush=True)

    working = [scenario for scenario in chosen if not scenario.waits]
    waiting = [scenario for scenario in chosen if scenario.waits]
    if not working:
        working, waiting = waiting, []
    with Lane(waiting, seed=seed, size=size, begins=begins, ends=ends) as lane:
        with proving_ground() as ground:
            for scenario in working:
                begins(scenario.id)
                ends(play(ground, scenario, seed=seed, size=size))
        if not lane.wait():
            raise CommandFailed("the second lane ended before its time")
    return [results[scenario.id] for scenario in chosen]
