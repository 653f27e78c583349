"""A scene: one fake server, one client who is logged in, and eight seconds."""

import asyncio
from collections.abc import Awaitable, Callable

from carehub.client import CareHub, Event, Live, Timing

from .fake_server import FakeServer

QUICK = Timing(backoff=0.02, poll_every=0.05, repeat_after=0.1, silence=5.0, spacing=0.001)


def given(scenario: Callable[[FakeServer, CareHub], Awaitable[None]]) -> None:
    """Play a scenario from its beginning to its end."""

    async def play() -> None:
        async with FakeServer() as server, asyncio.timeout(8):
            await scenario(server, CareHub(server.url, token="good"))

    asyncio.run(play())


async def take(live: Live, count: int) -> list[Event]:
    """The next events."""
    return [await anext(live) for _ in range(count)]


def numbers(events: list[Event]) -> list[int]:
    """Their n."""
    return [event.n for event in events]
