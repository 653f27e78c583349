"""How PostgreSQL carries out what the hub asks all day long, whatever the ledger held when the plan was made."""

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from carehub.core.ids import new_id
from carehub.delivery import consumers, database, hub, ledger, receipts
from carehub.delivery.receipts import Mark

pytestmark = pytest.mark.quick

SOMEBODY = new_id()
STATEMENTS: dict[str, tuple[str, dict[str, Any]]] = {
    "read": (ledger.READ_SQL, ledger.read_parameters([SOMEBODY], [0])),
    "scan": (hub._SCAN_SQL, {"persons": [SOMEBODY], "credentials": ["x"]}),
    "heads": (hub._HEADS_SQL, {"persons": [SOMEBODY]}),
    "received": (receipts.RECEIVED_SQL, receipts.received_parameters({(SOMEBODY, 0): 5})),
    "mark": (receipts.MARK_SQL, receipts.mark_parameters({(SOMEBODY, 1): Mark(True, None)})),
    "session": (consumers._BY_SESSION, {"key": "x"}),
    "ticket": (consumers._BY_TICKET, {"key": b"x"}),
}
SMALL = {"core_installation"}
"""One row for ever."""


@pytest.fixture
def connection(db: None) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(**database.arguments()) as found:
        found.execute("SET plan_cache_mode = force_generic_plan")
        yield found


def tables_scanned(plan: dict[str, Any]) -> set[str]:
    """The tables that a plan reads from end to end."""
    found = {plan["Relation Name"]} if plan["Node Type"] == "Seq Scan" else set()
    return found.union(*(tables_scanned(part) for part in plan.get("Plans", ())))


@pytest.mark.parametrize("name", STATEMENTS)
def test_no_table_is_scanned_even_if_the_plan_is_made_on_an_empty_ledger(
    connection: psycopg.Connection[Any], name: str
) -> None:
    statement, parameters = STATEMENTS[name]

    ((plan,),) = connection.execute("EXPLAIN (FORMAT JSON) " + statement, parameters)

    found = json.loads(plan) if isinstance(plan, str) else plan
    assert tables_scanned(found[0]["Plan"]) - SMALL == set()
