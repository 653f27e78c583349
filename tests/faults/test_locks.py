"""The order of locks is read from what transactions say."""

import pytest

from carehub.prove.locks import transactions, violations

pytestmark = pytest.mark.quick

ONE, OTHER = "01a2041a-0cc6-74a7-b5a4-680541aea8ec", "01a20419-6af3-7166-98fe-5033888c8f45"
RECORD = f"""SELECT "directory_carerecord"."id" FROM "directory_carerecord"
 WHERE "directory_carerecord"."id" = '{ONE}'::uuid LIMIT 1 FOR NO KEY UPDATE OF "directory_carerecord" """
INBOXES = "WITH addressee AS (SELECT 1) INSERT INTO events_inbox AS inbox (person_id, head) SELECT 1"
TEAM = 'UPDATE "directory_membership" SET "ended_at" = now()'
KEY = "INSERT INTO core_idempotencykey AS k (person_id) VALUES (1)"


def test_the_record_first_and_then_inboxes_is_right() -> None:
    assert violations([KEY, RECORD, TEAM, INBOXES, INBOXES]) == []


def test_a_new_record_needs_no_lock() -> None:
    assert violations(['INSERT INTO "directory_carerecord" ("id") VALUES (1)', INBOXES]) == []


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ([KEY, INBOXES], "an inbox was locked without its record"),
        ([INBOXES, RECORD], "a record was locked after an inbox"),
        ([TEAM, RECORD], "a team was changed without its record's lock"),
        ([RECORD, RECORD.replace(ONE, OTHER)], "2 records were locked in one transaction"),
    ],
)
def test_another_order_is_named(said: list[str], words: str) -> None:
    assert words in violations(said)


def test_a_log_is_taken_apart_by_process_and_transaction() -> None:
    log = [
        "2026-11-22 [7] LOG:  statement: BEGIN\n",
        "2026-11-22 [8] LOG:  statement: SELECT alone\n",
        "2026-11-22 [7] LOG:  execute <unnamed>: SELECT 1\n",
        "\t  FROM two_lines\n",
        "2026-11-22 [8] LOG:  statement: BEGIN\n",
        "2026-11-22 [8] LOG:  statement: SELECT 3\n",
        '2026-11-22 [7] LOG:  statement: ROLLBACK TO SAVEPOINT "a"\n',
        "2026-11-22 [7] LOG:  statement: COMMIT\n",
        "2026-11-22 [8] LOG:  statement: ROLLBACK\n",
    ]

    found = list(transactions(log))

    assert found == [["SELECT 1\n\t  FROM two_lines\n", 'ROLLBACK TO SAVEPOINT "a"\n'], ["SELECT 3\n"]]
