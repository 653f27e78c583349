"""A live connection hands out each event once and in order, and says what was kept."""

import asyncio

import pytest

from carehub.client import BadAnswer, CareHub, Live

from .fake_server import FakeServer
from .scenes import QUICK, given, numbers, take

pytestmark = pytest.mark.quick


def test_without_a_cursor_hears_only_what_comes() -> None:
    async def scenario(server: FakeServer, client: CareHub) -> None:
        await server.publish()

        async with client.live(timing=QUICK) as live:
            assert (live.connected, live.server, live.head) == (True, "fake", 1)
            assert live.cursor == "e1.1"
            await server.until(lambda: bool(server.resumed))
            await server.publish(type="flag.raised", obligation="answer")
            event = await anext(live)

        assert server.said("resume") == [None]
        assert (event.n, event.type, event.obligation, event.cursor) == (2, "flag.raised", "answer", "e1.2")
        assert event.author is not None
        assert event.author.name == "Dr Adler"
        assert event.is_open
        assert live.cursor == "e1.2"

    given(scenario)


def test_resumes_with_its_cursor_and_drops_what_it_has() -> None:
    async def scenario(server: FakeServer, client: CareHub) -> None:
        for _ in range(5):
            await server.publish()
        server.repeats = True

        async with client.live("e1.2", timing=QUICK) as live:
            assert numbers(await take(live, 3)) == [3, 4, 5]

        assert server.said("resume") == ["e1.2"]
        assert live.duplicates == 2

    given(scenario)


def test_says_received_cumulatively_once_events_are_kept() -> None:
    async def scenario(server: FakeServer, client: CareHub) -> None:
        for _ in range(300):
            await server.publish()

        async with client.live("e1.0", timing=QUICK) as live:
            await server.until(lambda: bool(server.resumed))
            assert server.said("received") == []
            await take(live, 300)
            await server.until(lambda: server.said("received")[-1:] == [299])
            live.keep()
            await server.until(lambda: server.said("received")[-1:] == [300])

        assert server.said("received") == sorted(set(server.said("received")))

    given(scenario)


def test_an_event_over_which_its_reader_fails_is_not_kept() -> None:
    async def scenario(server: FakeServer, client: CareHub) -> None:
        for _ in range(4):
            await server.publish()

        async def stumble(live: Live) -> None:
            async with live:
                await take(live, 2)
                raise ZeroDivisionError

        live = client.live("e1.0", timing=QUICK)
        with pytest.raises(ZeroDivisionError):
            await stumble(live)
        assert live.cursor == "e1.1"

        async with client.live(live.cursor, timing=QUICK) as live:
            await take(live, 1)
            await live.seen(2)
            assert live.cursor == "e1.2"
            await take(live, 1)
        assert live.cursor == "e1.3"
        await server.until(lambda: server.said("received")[-1:] == [3])

    given(scenario)


def test_unknown_frames_pass_and_unreadable_ones_end_it() -> None:
    async def scenario(server: FakeServer, client: CareHub) -> None:
        async with client.live(timing=QUICK) as live:
            await server.until(lambda: bool(server.resumed))
            await server.send({"kind": "presence", "who": []})
            await server.send({"kind": "head", "n": 7, "open": 2})
            await live.until(lambda: (live.head, live.open) == (7, 2))
            await server.send({"kind": "event", "n": 1})
            with pytest.raises(BadAnswer, match="an event"):
                await anext(live)

    given(scenario)


def test_iteration_ends_when_the_connection_is_closed() -> None:
    async def scenario(server: FakeServer, client: CareHub) -> None:
        live = client.live(timing=QUICK)

        async def read() -> list[int]:
            return [event.n async for event in live]

        async with live:
            reader = asyncio.create_task(read())
            await server.until(lambda: bool(server.resumed))
            await server.publish()
            await server.until(lambda: server.said("received") == [1])

        assert await reader == [1]
        await server.until(lambda: not server.resumed)

    given(scenario)


def test_thirty_clients_share_one_loop() -> None:
    async def scenario(server: FakeServer, client: CareHub) -> None:
        async def follow() -> list[int]:
            async with client.live("e1.0", timing=QUICK) as live:
                await live.until(lambda: live.connected)
                ready.release()
                return numbers([event for event in await take(live, 20) if await live.acknowledge(event)])

        ready = asyncio.Semaphore(0)
        clients = [asyncio.create_task(follow()) for _ in range(30)]
        for _ in clients:
            await ready.acquire()
        for _ in range(10):
            await server.publish()
        await server.drop(1012)
        for _ in range(10):
            await server.publish()

        assert await asyncio.gather(*clients) == [list(range(1, 21))] * 30

    given(scenario)
