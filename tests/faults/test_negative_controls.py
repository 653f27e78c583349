"""CareHub without one of its rules: the same scenarios and the same checker catch it."""

import pytest

from carehub.prove.scenarios import deadlines, leaving, lock_order, redis, servers
from carehub.prove.stage import Ground, Stage

pytestmark = pytest.mark.slow

SEED = 20
SEQUENCES = """
SELECT format('CREATE SEQUENCE %1$I START %2$s; GRANT USAGE ON SEQUENCE %1$I TO carehub_app', name, head + 1)
  FROM (SELECT 'inbox_' || person_id AS name, head FROM events_inbox) AS i
"""


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


def test_locks_in_any_order_are_recorded(ground: Ground) -> None:
    with ground.stage(SEED, "slice") as stage:
        stage.house.application = "tests.faults.mutants.unsorted_locks:application"
        lock_order.recorded(stage)

        assert any("inboxes were locked out of order" in failure for failure in stage.failures)


def test_numbers_from_a_sequence_are_caught(ground: Ground) -> None:
    with ground.stage(SEED, "slice") as stage:
        for (statement,) in stage.house.rows(SEQUENCES):
            stage.house.execute(statement)
        stage.house.execute("UPDATE events_inbox SET head = 1000000000")
        stage.house.application = "tests.faults.mutants.sequence_cursor:application"
        web = stage.house.web()
        with stage.crowd(web) as crowd:
            crowd.listen(16)
            crowd.write(8)
            stage.await_(lambda: crowd.acknowledged >= 150, 60, "writes")
            stage.judge(crowd)

        assert "differs" in kinds(stage)


def test_two_sweepers_without_lock_and_key_are_caught(ground: Ground) -> None:
    with ground.stage(SEED, "slice") as stage:
        stage.house.execute("ALTER TABLE delivery_escalation DROP CONSTRAINT each_rung_once")
        stage.house.sweep_command = ["-m", "tests.faults.mutants.sweep_twice"]
        deadlines.four_sweepers(stage)

        assert any("rungs for" in failure for failure in stage.failures)


def test_a_right_that_is_looked_at_once_is_caught(ground: Ground) -> None:
    with ground.stage(SEED, "slice") as stage:
        stage.house.application = "tests.faults.mutants.authorized_at_connect:application"
        leaving.unheard(stage)

        assert "leaked" in kinds(stage)


def test_a_team_that_changes_without_its_records_lock_is_caught(ground: Ground) -> None:
    with ground.stage(SEED, "slice") as stage:
        stage.house.application = "tests.faults.mutants.unlocked_team:application"
        leaving.under_writers(stage)

        assert "the ledger is broken" in kinds(stage)


def test_a_team_that_changes_under_its_records_lock_is_not(ground: Ground) -> None:
    with ground.stage(SEED, "slice") as stage:
        leaving.under_writers(stage)

        assert stage.failures == []
