"""The event loop's own connections to PostgreSQL: one for the hub's reads, a small pool for connects and receipts.

Django's connections belong to threads; a socket's frame must not cross to one.
"""

from typing import Any

import psycopg
from django.db import connections
from psycopg_pool import AsyncConnectionPool

from carehub.core.patience import AsyncConnection

POOL_SIZE = 4


def arguments() -> dict[str, Any]:
    """How to connect: as Django does, autocommit, every statement prepared, by index only.

    Each of these statements looks up a few keys. Its plan is kept for the connection's life; one that was made while
    the ledger was empty would scan whole tables for ever after.
    """
    found = dict(connections["default"].get_connection_params())
    for name in ("cursor_factory", "context", "pool", "prepare_threshold"):
        found.pop(name, None)
    options = f"{found.get('options', '')} -c enable_seqscan=off"
    return found | {"options": options, "autocommit": True, "prepare_threshold": 1}


async def connect() -> psycopg.AsyncConnection[Any]:
    """A connection for one reader."""
    return await AsyncConnection.connect(**arguments())


def make_pool() -> AsyncConnectionPool[Any]:
    """Up to four connections, opened when first needed."""
    return AsyncConnectionPool(
        connection_class=AsyncConnection,
        kwargs=arguments(),
        min_size=0,
        max_size=POOL_SIZE,
        timeout=3.0,
        reconnect_timeout=3.0,
        open=False,
    )
