"""Connections to PostgreSQL that wait for an answer no longer than a server may take to give one.

PostgreSQL's own limits need a server that hears, TCP's a network that does not acknowledge. A server that is stopped,
or stands behind something that swallows what it takes, answers neither; without a limit here a request would hang
for as long as it is silent.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

import psycopg

PATIENCE_SECONDS = 5.5
"""A little more than STATEMENT_TIMEOUT_MS: where the server can still answer, its own limit speaks first."""

_patience: ContextVar[float] = ContextVar("_patience", default=PATIENCE_SECONDS)

Answer = TypeVar("Answer")


class NoAnswer(psycopg.OperationalError):
    """The database did not answer in time. The connection is closed: its next answer would be to an older question."""


@contextmanager
def patience(seconds: float = float("inf")) -> Iterator[None]:
    """Wait so long for each answer herein: for whoever lifts the server's limit, too. In this thread or task only."""
    token = _patience.set(seconds)
    try:
        yield
    finally:
        _patience.reset(token)


def within_patience(
    connection: psycopg.BaseConnection[Any], work: Generator[Any, Any, Answer]
) -> Generator[Any, Any, Answer]:
    """Do the same, and raise NoAnswer once nothing has come for too long."""
    limit, began = _patience.get(), time.monotonic()
    try:
        wanted = next(work)
        while True:
            ready = yield wanted
            if ready:
                began = time.monotonic()
            elif time.monotonic() - began > limit:
                connection.pgconn.finish()
                raise NoAnswer(f"the database was silent for {limit:g} s")
            wanted = work.send(ready)
    except StopIteration as done:
        answer: Answer = done.value
        return answer


class Connection(psycopg.Connection[Any]):
    """For threads, and so for Django."""

    def wait(self, gen: Any, *args: Any, **options: Any) -> Any:
        """Wait as psycopg does, within patience. Raises NoAnswer."""
        return super().wait(within_patience(self, gen), *args, **options)


class AsyncConnection(psycopg.AsyncConnection[Any]):
    """For an event loop."""

    async def wait(self, gen: Any, *args: Any, **options: Any) -> Any:
        """Wait as psycopg does, within patience. Raises NoAnswer."""
        return await super().wait(within_patience(self, gen), *args, **options)
