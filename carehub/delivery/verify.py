"""Look at the whole ledger for rows that break its invariants. Reads only; anybody who may serve may look."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

import msgspec
from django.db import connection, transaction

from carehub.core.clock import DatabaseNow, take_turn
from carehub.core.patience import patience

from .invariants import INVARIANTS, Invariant
from .models import Verification

PERIOD = timedelta(hours=1)
OUTDATED_AFTER = 3 * PERIOD
TASK_STATEMENT_TIMEOUT = timedelta(minutes=10)


class Cursor(Protocol):
    """What a database cursor must do for us."""

    def execute(self, query: Any, /) -> Any:
        """Run a query."""

    def fetchone(self) -> Any:
        """The next row."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row that breaks an invariant, by its table and ids; `fault` says in a few words what is wrong with it."""

    table: str
    ids: dict[str, Any]
    fault: str

    def __str__(self) -> str:
        ids = " ".join(f"{name}={value}" for name, value in self.ids.items())
        return f"{self.table} {ids}: {self.fault}"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one look found: how many rows were looked at, how many are broken, and the first of these."""

    invariant: Invariant
    looked: int
    broken: int
    first: Row | None


def check(invariant: Invariant, cursor: Cursor) -> Finding:
    """Look at one invariant, in one statement and so in one snapshot: a writer between two states is not seen."""
    cursor.execute(
        f"""
        WITH broken (row_table, ids, fault) AS MATERIALIZED ({invariant.broken})
        SELECT (SELECT count(*) FROM {invariant.looked}), (SELECT count(*) FROM broken), first.*
          FROM (VALUES (1)) AS always
          LEFT JOIN (SELECT row_table, ids::text, fault FROM broken ORDER BY row_table, ids, fault LIMIT 1) AS first
            ON true
        """
    )
    looked, broken, table, ids, fault = cursor.fetchone()
    return Finding(invariant, looked, broken, Row(table, msgspec.json.decode(ids), fault) if broken else None)


def look(*, statement_timeout: timedelta = timedelta()) -> Iterator[Finding]:
    """Look at each invariant in turn, each in a transaction of its own, so that a long look holds no snapshot.

    The serving limit on statements is replaced, here alone, by `statement_timeout` (zero: none).
    Raises django.db.DatabaseError when the database does not answer or the limit is reached.
    """
    milliseconds = int(statement_timeout / timedelta(milliseconds=1))
    for invariant in INVARIANTS:
        with transaction.atomic(), connection.cursor() as cursor, patience():
            cursor.execute(f"SET LOCAL statement_timeout = {milliseconds}")
            finding = check(invariant, cursor)
        yield finding


def claim() -> bool:
    """Whether the hourly look is now the caller's."""
    return take_turn(Verification.objects.filter(pk=1), PERIOD)


def remember(findings: Sequence[Finding]) -> None:
    """Keep what a look at every invariant found, for readiness; ids only."""
    broken = {
        finding.invariant.name: {"rows": finding.broken, "first": msgspec.to_builtins(finding.first)}
        for finding in findings
        if finding.broken
    }
    Verification.objects.update_or_create(
        defaults={"at": DatabaseNow(), "broken": broken},
        create_defaults={"at": DatabaseNow(), "broken": broken, "due_at": DatabaseNow() + PERIOD},
        pk=1,
    )
