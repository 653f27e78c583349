"""A live connection loses nothing and repeats nothing, whatever happens to the socket."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from carehub.client import (
    BadAnswer,
    CareHub,
    Connected,
    Disconnected,
    Event,
    Live,
    LoginEnded,
    NotConfirmed,
    Notice,
    Problem,
    Resync,
    Resynced,
    Timing,
)

from .fake_server import FakeServer, Request

pytestmark = pytest.mark.quick

QUICK = Timing(backoff=0.02, poll_every=0.05, repeat_after=0.1, silence=5.0, spacing=0.001)


def given(scenario: Callable[[FakeServer, CareHub], Awaitable[None]]) -> None:
    async def play() -> None:
        async with FakeServer() as server, asyncio.timeout(8):
            await scenario(server, CareHub(server.url, token="good"))

    asyncio.run(play())


async def take(live: Live, count: int) -> list[Event]:
    return [await anext(live) for _ in range(count)]


def numbers(events: list[Event]) -> list[int]:
    return [event.n for event in events]


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


def test_what_was_not_handed_out_is_sent_again_after_a_reconnection() -> None:
    async def scenario(server: FakeServer, client: CareHub) -> None:
        for _ in range(4):
            await server.publish()

        async with client.live("e1.0", timing=QUICK) as live:
            assert numbers(await take(live, 2)) == [1, 2]
            await server.drop(1012)
            await live.until(lambda: live.connections == 2)
            await server.publish()
            assert numbers(await take(live, 3)) == [3, 4, 5]

        assert server.said("resume") == ["e1.0", "e1.2"]

    given(scenario)


def test_a_killed_server_is_found_again_with_back_off_and_nothing_is_lost() -> None:
    async def scenario(server: FakeServer, client: CareHub) -> None:
        notices: list[Notice] = []
        await server.publish()

        async with client.live("e1.0", timing=QUICK, notify=notices.append) as live:
            await take(live, 1)
            await server.kill()
            await live.until(lambda: sum(isinstance(n, Disconnected) for n in notices) >= 4)
            assert not live.connected
            await server.publish()
            await server.start()
            assert numbers(await take(live, 1)) == [2]
            await live.until(lambda: live.connected)

        waits = [n.retry_in / QUICK.backoff for n in notices if isinstance(n, Disconnected)][:4]
        for wait, middle in zip(waits, [0.5, 1, 2, 4], strict=True):
            assert 0.5 * middle <= wait <= 1.5 * middle
        assert [type(n) for n in notices if isinstance(n, Connected)] == [Connected, Connected]
        assert live.polls == 0

    given(scenario)


def test_tells_why_it_was_disconnected() -> None:
    async def scenario(server: FakeServer, client: CareHub) -> None:
        notices: list[Notice] = []

        async with client.live(timing=QUICK, notify=notices.append) as live:
            await server.until(lambda: bool(server.resumed))
            await server.drop(1012, "restarting")
            await live.until(lambda: live.connections == 2)

        gone = next(n for n in notices if isinstance(n, Disconnected))
        assert (gone.code, gone.reason) == (1012, "restarting")

    given(scenario)


def test_a_silent_server_counts_as_dead() -> None:
    async def scenario(server: FakeServer, client: CareHub) -> None:
        async with client.live(timing=Timing(backoff=0.02, silence=0.05)) as live:
            await live.until(lambda: live.connections >= 2)

    given(scenario)


def test_an_acknowledgement_is_repeated_until_it_is_confirmed() -> None:
    async def scenario(server: FakeServer, client: CareHub) -> None:
        server.swallows = 2
        await server.publish()

        async with client.live("e1.0", timing=QUICK) as live:
            receipt = await live.acknowledge(await anext(live))

        assert (receipt.n, receipt.state) == (1, "acknowledged")
        assert server.said("acknowledge") == [[1], [1], [1]]

    given(scenario)


def test_an_acknowledgement_outlives_the_connection_on_which_it_was_said() -> None:
    async def scenario(server: FakeServer, client: CareHub) -> None:
        server.swallows = 1
        await server.publish()

        async with client.live("e1.0", timing=QUICK) as live:
            waiting = live.acknowledge(await anext(live))
            await server.until(lambda: server.said("acknowledge") == [[1]])
            await server.kill()
            await server.start()
            assert (await waiting).state == "acknowledged"

    given(scenario)


def test_nobody_needs_to_await_a_confirmation() -> None:
    async def scenario(server: FakeServer, client: CareHub) -> None:
        for _ in range(3):
            await server.publish()

        async with client.live("e1.0", timing=QUICK) as live:
            for event in await take(live, 3):
                live.seen(event)

        await server.until(lambda: server.said("seen") == [[1, 2, 3]])

    given(scenario)


@pytest.mark.parametrize("points", [True, False])
def test_a_refused_number_fails_alone(points: bool) -> None:
    async def scenario(server: FakeServer, client: CareHub) -> None:
        server.refuses, server.points_at_refused = {2}, points
        for _ in range(3):
            await server.publish()

        async with client.live("e1.0", timing=QUICK) as live:
            await take(live, 3)
            first, second, third = (live.acknowledge(n) for n in (1, 2, 3))
            with pytest.raises(NotConfirmed, match="It asks for an answer"):
                await second
            assert [(await first).n, (await third).n] == [1, 3]

    given(scenario)


def test_keeps_below_twenty_frames_a_second() -> None:
    async def scenario(server: FakeServer, client: CareHub) -> None:
        async with client.live("e1.0", timing=Timing()) as live:
            await server.until(lambda: bool(server.resumed))
            began = asyncio.get_running_loop().time()
            while asyncio.get_running_loop().time() < began + 0.5:
                await live.seen(await server.publish())
            assert len(server.said("seen")) <= 10

    given(scenario)


def test_a_cursor_of_another_epoch_is_forgotten() -> None:
    async def scenario(server: FakeServer, client: CareHub) -> None:
        notices: list[Notice] = []
        await server.publish()

        async with client.live("e0.40", timing=QUICK, notify=notices.append) as live:
            old = live.acknowledge(39)
            with pytest.raises(Resynced):
                await old
            assert live.cursor == "e1.1"
            await server.until(lambda: server.said("resume") == ["e0.40", "e1.1"])
            await server.publish()
            assert numbers(await take(live, 1)) == [2]

        assert [n for n in notices if isinstance(n, Resync)] == [Resync("e1.1", "The installation was restored.")]
        assert server.said("acknowledge") == []

    given(scenario)


def test_an_event_from_before_a_restore_cannot_be_acknowledged() -> None:
    async def scenario(server: FakeServer, client: CareHub) -> None:
        await server.publish()

        async with client.live("e1.0", timing=QUICK) as live:
            event = await anext(live)
            server.swallows = 1
            pending = live.acknowledge(event)
            await server.until(lambda: server.said("acknowledge") == [[1]])
            server.epoch = "e2"
            await server.drop(1012)
            with pytest.raises(Resynced):
                await pending
            with pytest.raises(Resynced):
                await live.acknowledge(event)

        assert server.said("acknowledge") == [[1]]

    given(scenario)


def test_polls_and_reports_over_http_while_the_socket_cannot_be_had() -> None:
    async def scenario(server: FakeServer, client: CareHub) -> None:
        server.takes_sockets = False
        for _ in range(150):
            await server.publish()

        async with client.live("e1.0", timing=QUICK) as live:
            assert not live.connected
            events = await take(live, 150)
            receipt = await live.acknowledge(events[-1])
            await server.publish()
            assert numbers(await take(live, 1)) == [151]
            live.keep()
            await server.until(lambda: any(r.json == {"received": 151} for r in _receipts(server)))
            server.takes_sockets = True
            await live.until(lambda: live.connected)
            await server.publish()
            assert numbers(await take(live, 1)) == [152]

        assert numbers(events) == list(range(1, 151))
        assert (receipt.n, receipt.state) == (150, "acknowledged")
        assert server.said("resume") == ["e1.151"]

    given(scenario)


def test_polling_without_a_cursor_begins_at_the_head() -> None:
    async def scenario(server: FakeServer, client: CareHub) -> None:
        server.takes_sockets = False
        await server.publish()

        async with client.live(timing=QUICK) as live:
            assert live.cursor == "e1.1"
            await server.publish()
            assert numbers(await take(live, 1)) == [2]

    given(scenario)


def test_polling_with_a_foreign_cursor_is_resynced_too() -> None:
    async def scenario(server: FakeServer, client: CareHub) -> None:
        server.takes_sockets = False
        await server.publish()

        async with client.live("e0.7", timing=QUICK) as live:
            assert live.cursor == "e1.1"

    given(scenario)


def test_a_report_that_broke_off_is_repeated() -> None:
    async def scenario(server: FakeServer, client: CareHub) -> None:
        server.takes_sockets = False
        server.answers["POST", "/api/v1/inbox/receipts"] = b"HTTP/1.1 200"
        await server.publish()

        async with client.live("e1.0", timing=QUICK) as live:
            await take(live, 1)
            live.keep()
            await server.until(lambda: bool(_receipts(server)))
            del server.answers["POST", "/api/v1/inbox/receipts"]
            await server.until(lambda: len(_receipts(server)) == 2)

        assert [r.json for r in _receipts(server)] == [{"received": 1}] * 2

    given(scenario)


def test_over_http_what_is_not_confirmed_is_refused() -> None:
    async def scenario(server: FakeServer, client: CareHub) -> None:
        server.takes_sockets = False
        await server.publish()
        row = {"event_id": "event-1", "n": 1, "state": "seen", "at": None, "answer_owed": True}
        server.answers["POST", "/api/v1/inbox/receipts"] = (200, {"results": [row]})

        async with client.live("e1.0", timing=QUICK) as live:
            assert (await live.seen(1)).state == "seen"
            with pytest.raises(NotConfirmed, match="wants an answer"):
                await live.acknowledge(1)

    given(scenario)


def test_a_number_refused_over_http_fails_alone() -> None:
    async def scenario(server: FakeServer, client: CareHub) -> None:
        server.takes_sockets, server.refuses = False, {2}
        for _ in range(3):
            await server.publish()

        async with client.live("e1.0", timing=QUICK) as live:
            first, second, third = (live.acknowledge(n) for n in (1, 2, 3))
            assert [(await first).n, (await third).n] == [1, 3]
            with pytest.raises(NotConfirmed):
                await second

    given(scenario)


def test_an_ended_session_ends_the_iteration_after_what_has_arrived() -> None:
    async def scenario(server: FakeServer, client: CareHub) -> None:
        async with client.live(timing=QUICK) as live:
            await server.until(lambda: bool(server.resumed))
            await server.publish()
            await server.drop(4001, "Logged out.")
            assert numbers(await take(live, 1)) == [1]
            with pytest.raises(LoginEnded, match="Logged out"):
                await anext(live)
            with pytest.raises(LoginEnded):
                await live.acknowledge(1)

    given(scenario)


def test_a_wrong_token_is_told_at_the_door() -> None:
    async def scenario(server: FakeServer, client: CareHub) -> None:
        client.token = "bad"
        with pytest.raises(LoginEnded, match="ended"):
            async with client.live(timing=QUICK):
                pass

        server.answers["POST", "/api/v1/tickets"] = (404, {"code": "not-found", "detail": "Nothing here."})
        with pytest.raises(Problem):
            async with client.live(timing=QUICK):
                pass

    given(scenario)


def test_a_busy_server_is_asked_again_not_before_it_said() -> None:
    async def scenario(server: FakeServer, client: CareHub) -> None:
        notices: list[Notice] = []
        busy = {"code": "unavailable", "detail": "Try again shortly."}
        server.answers["POST", "/api/v1/tickets"] = (503, busy, {"Retry-After": "0.2"})

        async with client.live("e1.0", timing=QUICK, notify=notices.append) as live:
            del server.answers["POST", "/api/v1/tickets"]
            await live.until(lambda: live.connected)

        assert notices[0] == Disconnected(None, "Try again shortly", 0.2)

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


def _receipts(server: FakeServer) -> list[Request]:
    return server.asked("/api/v1/inbox/receipts")
