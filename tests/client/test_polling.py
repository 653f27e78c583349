"""While the socket cannot be had, events come and receipts go over HTTP."""

import pytest

from carehub.client import CareHub, NotConfirmed

from .fake_http import Request
from .fake_server import FakeServer
from .scenes import QUICK, given, numbers, take

pytestmark = pytest.mark.quick


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
            await server.until(lambda: any(r.json == {"received": 151, "above": 0} for r in _receipts(server)))
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

        assert [r.json for r in _receipts(server)] == [{"received": 1, "above": 0}] * 2

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


def _receipts(server: FakeServer) -> list[Request]:
    return server.asked("/api/v1/inbox/receipts")
