"""What was seen or acknowledged is said until it is confirmed or refused."""

import asyncio

import pytest

from carehub.client import CareHub, NotConfirmed, Resynced, Timing

from .fake_server import FakeServer
from .scenes import QUICK, given, take

pytestmark = pytest.mark.quick


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
