"""CareHub without one of its rules: the same scenarios and the same checker catch it, and pass it with all of them."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from carehub.prove.installation import Installation
from carehub.prove.scenarios import deadlines, leaving, lock_order, redis, servers
from carehub.prove.stage import Ground, Stage

pytestmark = pytest.mark.slow

SEED = 20
SEQUENCES = """
SELECT format('CREATE SEQUENCE %1$I START %2$s; GRANT USAGE ON SEQUENCE %1$I TO carehub_app', name, head + 1)
  FROM (SELECT 'inbox_' || person_id AS name, head FROM events_inbox) AS i
"""


def contended(stage: Stage) -> None:
    """Eight people write to the same two records at once."""
    with stage.crowd(stage.house.web()) as crowd:
        crowd.write(8)
        stage.await_(lambda: crowd.acknowledged >= 100 or stage.deadlocks() > 0, 60, "writes")
        stage.judge(crowd)


def listened(stage: Stage) -> None:
    """The same before the eyes of sixteen sockets."""
    with stage.crowd(stage.house.web()) as crowd:
        crowd.listen(16)
        crowd.write(8)
        stage.await_(lambda: crowd.acknowledged >= 150, 60, "writes")
        stage.judge(crowd)


@dataclass(frozen=True)
class Control:
    """CareHub without one rule: the application that lacks it, or what is done to the installation, and what
    the play says then.
    """

    lacks: str
    play: Callable[[Stage], None]
    says: str
    application: str = ""
    breaks: Callable[[Installation], None] | None = None


def commit_asynchronously(house: Installation) -> None:
    # The writer of the log sleeps long, so that a kill surely finds commits unwritten; others do not wait for it.
    house.execute("ALTER SYSTEM SET wal_writer_delay = '10s'")
    house.execute("ALTER SYSTEM SET wal_writer_flush_after = '1GB'")
    house.execute("SELECT pg_reload_conf()")
    house.execute(f'ALTER DATABASE "{house.database}" SET synchronous_commit = off')


def number_from_sequences(house: Installation) -> None:
    for (statement,) in house.rows(SEQUENCES):
        house.execute(statement)
    house.execute("UPDATE events_inbox SET head = 1000000000")


def sweep_without_lock_and_key(house: Installation) -> None:
    house.execute("ALTER TABLE delivery_escalation DROP CONSTRAINT each_rung_once")
    house.sweep_command = ["-m", "tests.faults.mutants.sweep_twice"]


CONTROLS = (
    Control("scan", redis.scanned, "stale: ", "push_only"),
    Control("synchronous commit", servers.killed_database, "lost: ", breaks=commit_asynchronously),
    Control("sorted locks", contended, "writers deadlocked", "unsorted_locks"),
    Control("sorted locks, recorded", lock_order.recorded, "lock order: inboxes were locked out of", "unsorted_locks"),
    Control("numbers under a lock", listened, "differs: ", "sequence_cursor", number_from_sequences),
    Control("sweeper's lock and key", deadlines.four_sweepers, "rungs for", breaks=sweep_without_lock_and_key),
    Control("right that is looked at again", leaving.unheard, "leaked: ", "authorized_at_connect"),
    Control("record's lock of a team", leaving.under_writers, "the ledger is broken: ", "unlocked_team"),
)
HELD_IN_THE_SLICE = {servers.killed_database}
TWINS = [control for control in CONTROLS if control.play not in HELD_IN_THE_SLICE]


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.lacks)
def test_is_caught_without(ground: Ground, control: Control) -> None:
    with ground.stage(SEED, "slice") as stage:
        if control.application:
            stage.house.application = f"tests.faults.mutants.{control.application}:application"
        if control.breaks:
            control.breaks(stage.house)

        control.play(stage)

        assert any(control.says in failure for failure in stage.failures), stage.failures


@pytest.mark.parametrize("control", TWINS, ids=lambda control: control.lacks)
def test_holds_with(ground: Ground, control: Control) -> None:
    with ground.stage(SEED, "slice") as stage:
        control.play(stage)

        assert stage.failures == []
