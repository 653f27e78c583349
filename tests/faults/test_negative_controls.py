"""CareHub without one of its rules: the same scenarios and the same checker catch it."""

import pytest

from carehub.prove.scenarios import redis, servers
from carehub.prove.stage import Ground, Stage

pytestmark = pytest.mark.slow

SEED = 20


def kinds(stage: Stage) -> set[str]:
    """The first word of each failure: the violation's kind."""
    return {failure.partition(":")[0] for failure in stage.failures}


def test_push_without_a_scan_is_caught(ground: Ground) -> None:
    with ground.stage(SEED, "slice") as stage:
        stage.house.application = "tests.faults.mutants.push_only:application"
        redis.unheard(stage)

        assert "stale" in kinds(stage)


def test_asynchronous_commit_is_caught(ground: Ground) -> None:
    with ground.stage(SEED, "slice") as stage:
        stage.house.execute(f'ALTER DATABASE "{stage.house.database}" SET synchronous_commit = off')
        servers.killed_database(stage)

        assert "lost" in kinds(stage)


def test_locks_in_any_order_are_caught(ground: Ground) -> None:
    with ground.stage(SEED, "slice") as stage:
        stage.house.application = "tests.faults.mutants.unsorted_locks:application"
        web = stage.house.web()
        with stage.crowd(web) as crowd:
            crowd.write(8)
            stage.await_(lambda: stage.deadlocks() > 0, 60, "a deadlock")
            stage.judge(crowd)

        assert "writers deadlocked" in stage.failures
