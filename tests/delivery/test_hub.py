"""The hub's promises that no journey can time: a read that is overtaken, a batch that fails."""

import asyncio
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from carehub.delivery.connection import Connection
from carehub.delivery.hub import Hub
from carehub.delivery.ledger import Entry
from carehub.delivery.receipt_batch import ReceiptBatch
from tests.delivery.test_connection import event

pytestmark = pytest.mark.quick


async def _nothing(*_: Any) -> None:
    return None


def connection() -> Connection:
    made = Connection(person_id=uuid4(), credential="c", send=_nothing, close=_nothing)
    made.is_live = True
    return made


def test_a_read_that_began_before_a_rewind_leaves_no_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        hub = Hub()
        socket = connection()
        hub.register(socket)
        socket.cursor, socket.sent = 10, 6  # 7 to 10 are queued when a membership ends somewhere
        begun, go_on = asyncio.Event(), asyncio.Event()

        class Reader:
            async def execute(self, *_: Any, **__: Any) -> "Reader":
                return self

            async def fetchall(self) -> list[Any]:
                begun.set()
                await go_on.wait()
                return []

        async def reader() -> Any:
            return Reader()

        monkeypatch.setattr(hub, "_connection", reader)
        monkeypatch.setattr(
            "carehub.delivery.hub.entries", lambda _: [Entry(1, n, uuid4(), event(n)) for n in range(11, 16)]
        )
        monkeypatch.setattr(hub, "_tell_heads", _nothing)
        reading = asyncio.create_task(hub._read_once({socket.person_id}))
        await begun.wait()
        socket.rewind()
        go_on.set()
        await reading

        assert socket.cursor == 6, "11 to 15 must not jump over 7 to 10"

    asyncio.run(scenario())


def test_a_batch_that_fails_keeps_what_no_client_says_again() -> None:
    class Broken:
        def connection(self) -> Any:
            raise psycopg.OperationalError("gone")

    async def scenario() -> None:
        batch = ReceiptBatch(Broken(), _nothing)  # type: ignore[arg-type]
        socket = connection()
        socket.sent = 7
        batch.received(socket, 7, above=None)
        assert batch._flush is not None
        await batch._flush

        assert batch._received == {(socket.person_id, 0): 7}

    asyncio.run(scenario())
