"""A lost socket is had again, and nothing is lost or repeated by it; an ended session is not."""

import pytest

from carehub.client import CareHub, Connected, Disconnected, LoginEnded, Notice, Problem, Resync, Resynced, Timing

from .fake_server import FakeServer
from .scenes import QUICK, given, numbers, take

pytestmark = pytest.mark.quick


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
