"""The live connection: every event of one's inbox once and in order, whatever happens to network and servers.

It resumes behind what was *handed out*: what had arrived without being handed out is sent
again, so that a slow reader costs no more memory than one window of the server's.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self

from carehub.client.errors import LiveClosed
from carehub.client.frames import Cursor, Event, Notice, Receipt
from carehub.client.link import Link
from carehub.client.session import Session
from carehub.client.timing import Timing

if TYPE_CHECKING:
    from carehub.client.http import CareHub


class Live(AsyncIterator[Event]):
    """Made by `CareHub.live`. Iterate for events.

    An event is kept, which moves `cursor` and is told as `received`, once the next is asked for, or it is
    marked as seen or acknowledged, or the `async with` ends without an error: so none counts as received
    that was not dealt with.

    Iteration and `until` raise LoginEnded when the server ended the session, Problem or BadAnswer when it
    cannot be talked with; everything else is retried for ever.
    """

    def __init__(
        self,
        client: "CareHub",
        *,
        cursor: str | None,
        notify: Callable[[Notice], None] | None,
        timing: Timing,
    ) -> None:
        self._session = Session(None if cursor is None else Cursor.parse(cursor), timing.repeat_after)
        self._link = Link(client, self._session, timing, self._tell)
        self._notify = notify
        self._task: asyncio.Task[None] | None = None
        self._waiters: set[asyncio.Future[None]] = set()

    @property
    def cursor(self) -> str | None:
        """Where to resume after a restart of this program; None until the first contact."""
        return None if self._session.inbox.cursor is None else str(self._session.inbox.cursor)

    @property
    def epoch(self) -> str | None:
        """The epoch of the installation, None until the first contact."""
        return self._session.epoch

    @property
    def connected(self) -> bool:
        """Whether there is a socket on which the server has said hello."""
        return self._session.connected

    @property
    def connections(self) -> int:
        """How many sockets there have been, this one included."""
        return self._session.connections

    @property
    def server(self) -> str:
        """The name of the server process that said hello last."""
        return self._session.server

    @property
    def head(self) -> int:
        """The newest n of the inbox, as last told."""
        return self._session.head

    @property
    def open(self) -> int:
        """The number of open obligations, as last told."""
        return self._session.open

    @property
    def duplicates(self) -> int:
        """How many events came a second time and were dropped."""
        return self._session.inbox.duplicates

    @property
    def polls(self) -> int:
        """How often the inbox was asked over HTTP."""
        return self._session.polls

    def acknowledge(self, what: Event | int) -> "asyncio.Future[Receipt]":
        """Acknowledge an event, or its n. Await the receipt or not: it is said until it is confirmed.

        The future fails with NotConfirmed when the server refuses, Resynced when the number has lost its
        meaning.
        """
        return self._session.want("acknowledge", what)

    def seen(self, what: Event | int) -> "asyncio.Future[Receipt]":
        """Say that an event was shown to the person; otherwise like `acknowledge`."""
        return self._session.want("seen", what)

    def keep(self) -> None:
        """Count the event in hand as kept without asking for the next."""
        self._session.keep()

    async def until(self, condition: Callable[[], bool], timeout: float | None = None) -> None:
        """Wait until a condition over this connection holds; raises TimeoutError or what ended it."""
        async with asyncio.timeout(timeout):
            while not condition():
                if self._session.failure is not None:
                    raise self._session.failure
                await self._change()

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run())
        try:
            await self._link.tried.wait()
        except asyncio.CancelledError:
            await self._stop()
            raise
        if self._session.failure is not None:
            raise self._session.failure
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._session.keep()
        await self._link.say_last()
        await self._stop()

    async def __anext__(self) -> Event:
        self._session.keep()
        while (event := self._session.inbox.take()) is None:
            if isinstance(self._session.failure, LiveClosed):
                raise StopAsyncIteration
            if self._session.failure is not None:
                raise self._session.failure
            await self._change()
        self._stir()
        return event

    async def _run(self) -> None:
        try:
            await self._link.run()
        except Exception as failure:
            self._session.end(failure)
            self._link.tried.set()
            self._stir()

    async def _stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        self._session.end(LiveClosed("This live connection was closed."))
        self._stir()

    def _tell(self, notice: Notice | None) -> None:
        if notice is not None and self._notify is not None:
            self._notify(notice)
        self._stir()

    async def _change(self) -> None:
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)
        try:
            await waiter
        finally:
            self._waiters.discard(waiter)

    def _stir(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
