"""Receipts of every socket of this process, one statement for all that came within 50 ms.

A task exists only while receipts wait. Nothing is confirmed before it is committed; when the database does not
answer nothing is confirmed at all, and the clients say it again.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any
from uuid import UUID

import psycopg
from psycopg_pool import AsyncConnectionPool

from carehub.core.failpoints import fail_point

from .connection import Connection
from .receipts import MARK_SQL, RECEIVED_SQL, Mark, Marked, mark_parameters, received_parameters

logger = logging.getLogger(__name__)

SECONDS = 0.05

Askers = Mapping[tuple[UUID, int], set[Connection]]
"""(person, n) -> the sockets that wait for its confirmation."""

Committed = Callable[[list[Marked], Askers], Awaitable[None]]


class ReceiptBatch:
    """Gathers receipts, commits them together, and hands what was committed to `committed`."""

    def __init__(self, pool: AsyncConnectionPool[Any], committed: Committed) -> None:
        self._pool, self._committed = pool, committed
        self._marks: dict[tuple[UUID, int], Mark] = {}
        self._received: dict[tuple[UUID, int], int] = {}
        self._askers: dict[tuple[UUID, int], set[Connection]] = defaultdict(set)
        self._flush: asyncio.Task[None] | None = None

    def received(self, connection: Connection, n: int, *, above: int | None) -> None:
        """Everything above the one number (None: where the socket resumed) and up to the other has arrived there."""
        n = min(n, connection.sent)
        connection.received(n)
        key = (connection.person_id, connection.floor if above is None else above)
        if n > max(self._received.get(key, 0), key[1]):
            self._received[key] = n
            self._flush_soon()

    def mark(self, connection: Connection, numbers: Iterable[int], *, acknowledges: bool) -> None:
        """These were seen, or acknowledged; the socket hears a `receipt` after commit."""
        for n in numbers:
            key = (connection.person_id, n)
            before = self._marks.get(key)
            self._marks[key] = Mark(acknowledges or bool(before and before.acknowledges), connection.address)
            self._askers[key].add(connection)
        self._flush_soon()

    def _flush_soon(self) -> None:
        if self._flush is None:
            self._flush = asyncio.get_running_loop().create_task(self._commit_all())

    async def _commit_all(self) -> None:
        await asyncio.sleep(SECONDS)
        self._flush = None
        upto, self._received = self._received, {}
        marks, self._marks = self._marks, {}
        askers, self._askers = self._askers, defaultdict(set)
        try:
            await self._store_received(upto)
            marked = await self._store_marks(marks)
        except (psycopg.Error, OSError, TimeoutError) as error:
            # Seen and acknowledged are said again until they are confirmed; `received` is not, so it is kept here.
            logger.warning("hub: receipts were not stored (%s)", type(error).__name__)
            for key, n in upto.items():
                self._received[key] = max(n, self._received.get(key, 0))
            return
        await self._committed(marked, askers)

    # Two statements, two transactions: each locks in one order, and together they would not.

    async def _store_received(self, upto: dict[tuple[UUID, int], int]) -> None:
        if upto:
            async with self._pool.connection() as connection:
                await connection.execute(RECEIVED_SQL, received_parameters(upto), prepare=True)

    async def _store_marks(self, marks: dict[tuple[UUID, int], Mark]) -> list[Marked]:
        if not marks:
            return []
        async with self._pool.connection() as connection, connection.transaction():
            rows = await (await connection.execute(MARK_SQL, mark_parameters(marks), prepare=True)).fetchall()
            fail_point("before_ack_commit")
        return [Marked(*row) for row in rows]
