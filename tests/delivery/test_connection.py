"""One socket in the hub's hands: bounded, windowed, never awaited."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from carehub.delivery import connection as module
from carehub.delivery.connection import QUEUE, WINDOW_FRAMES, Connection
from carehub.delivery.frames import EventFrame, Head, Overseen

pytestmark = pytest.mark.quick


class Wire:
    """What the client got; it can stop reading."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.closed: list[int] = []
        self.reads = asyncio.Event()
        self.reads.set()

    async def send(self, text: str) -> None:
        await self.reads.wait()
        self.sent.append(msgspec.json.decode(text))

    async def close(self, code: int) -> None:
        self.closed.append(code)

    def connection(self) -> Connection:
        made = Connection(person_id=uuid4(), credential="c", send=self.send, close=self.close)
        made.is_live = True
        return made


def event(n: int, size: int = 10) -> EventFrame:
    raw = msgspec.Raw(msgspec.json.encode({"id": n, "text": "x" * size}))
    return EventFrame(n=n, obligation="inform", due_at=None, ground="role", state="pending", event=raw)


def given(scenario: Callable[[Wire], Coroutine[Any, Any, None]]) -> None:
    async def run() -> None:
        await scenario(Wire())

    asyncio.run(run())


async def settle() -> None:
    for _ in range(WINDOW_FRAMES * 2):
        await asyncio.sleep(0)


def test_frames_go_out_in_order_from_a_task_that_ends() -> None:
    async def scenario(wire: Wire) -> None:
        connection = wire.connection()
        for n in range(1, 6):
            connection.append_event(event(n))
        await settle()
        assert [frame["n"] for frame in wire.sent] == [1, 2, 3, 4, 5]
        assert connection._writer is None
        assert (connection.cursor, connection.sent) == (5, 5)

    given(scenario)


def test_a_client_that_stops_reading_fills_a_bounded_queue_and_no_more() -> None:
    async def scenario(wire: Wire) -> None:
        connection = wire.connection()
        wire.reads.clear()
        n = 0
        while connection.room:
            n += 1
            connection.append_event(event(n))
        assert n == QUEUE
        wire.reads.set()
        await settle()
        assert connection.room > 0

    given(scenario)


@pytest.mark.parametrize(("size", "frames"), [(10, WINDOW_FRAMES), (200_000, 6)])
def test_the_window_closes_on_frames_or_bytes_and_opens_on_received(size: int, frames: int) -> None:
    async def scenario(wire: Wire) -> None:
        connection = wire.connection()
        told: list[bool] = []
        connection.on_room = lambda: told.append(True)
        n = 0
        while connection.room:
            n += 1
            connection.append_event(event(n, size))
            await settle()
        assert n == frames
        connection.is_behind = True

        connection.received(n - 1)

        assert connection.room > 0
        assert told, "the hub must hear that there is room again"

    given(scenario)


def test_a_window_that_stays_closed_is_a_stall(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(wire: Wire) -> None:
        connection = wire.connection()
        for n in range(1, WINDOW_FRAMES + 1):
            connection.append_event(event(n))
            await asyncio.sleep(0)
        await settle()
        assert not connection.has_stalled()
        monkeypatch.setattr(module, "STALL_SECONDS", -1.0)
        assert connection.has_stalled()
        connection.received(WINDOW_FRAMES)
        assert not connection.has_stalled()

    given(scenario)


def test_rewind_drops_what_is_unsent_so_that_it_is_authorized_anew() -> None:
    async def scenario(wire: Wire) -> None:
        connection = wire.connection()
        connection.append_event(event(1))
        await settle()
        wire.reads.clear()
        connection.append_event(event(2))
        await settle()
        connection.append_event(event(3))
        connection.append(Head(n=3, open=0))

        connection.rewind()

        assert connection.cursor == connection.sent == 2
        wire.reads.set()
        await settle()
        assert [(frame["kind"], frame["n"]) for frame in wire.sent] == [("event", 1), ("event", 2), ("head", 3)]

    given(scenario)


def test_a_hint_waits_once_however_often_it_is_given() -> None:
    async def scenario(wire: Wire) -> None:
        connection = wire.connection()
        wire.reads.clear()
        connection.append(Head(n=0, open=0))
        await settle()
        for _ in range(9):
            connection.append_once(Overseen())
        wire.reads.set()
        await settle()
        connection.append_once(Overseen())
        await settle()
        connection.is_live = False
        connection.append_once(Overseen())
        await settle()

        assert [frame["kind"] for frame in wire.sent] == ["head", "overseen", "overseen"]

    given(scenario)


def test_twenty_frames_a_second_are_taken_and_no_more() -> None:
    async def scenario(wire: Wire) -> None:
        connection = wire.connection()
        assert [connection.may_speak() for _ in range(21)] == [True] * 20 + [False]

    given(scenario)


def test_closing_drops_the_queue_and_says_the_code_once() -> None:
    async def scenario(wire: Wire) -> None:
        connection = wire.connection()
        wire.reads.clear()
        connection.append_event(event(1))
        connection.close_soon(4001)
        connection.close_soon(4013)
        await settle()
        assert wire.closed == [4001]
        assert connection.room == 0

    given(scenario)
