"""A TCP proxy that spoils what passes through it, and needs no rights: before PostgreSQL, Redis or a web server.

It answers for the network below it, so what it swallows is acknowledged to the sender: it shows a peer that is slow,
stuck or gone, not a cable that is cut.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from threading import Thread
from types import TracebackType
from typing import Any, Self, TypeVar

from carehub.standalone.servers import LOOPBACK

CHUNK = 65536

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Toxics:
    """What is done to each piece of data, in both directions. None of it by default.

    `latency` and `jitter` are seconds, the second to either side; `bandwidth` is bytes per second, 0 unlimited;
    `resets` is the share of pieces, 0 to 1, at which both sides are cut off; `one_byte` passes single bytes on;
    `severs` are bytes at which a connection is cut off; `half_open` drops the one side of a connection at its next
    piece and never tells the other; `blackhole` passes nothing on until it ends, and lets no new connection through.
    """

    latency: float = 0.0
    jitter: float = 0.0
    bandwidth: float = 0.0
    resets: float = 0.0
    one_byte: bool = False
    severs: bytes = b""
    half_open: bool = False
    blackhole: bool = False


@dataclass(slots=True, eq=False)
class _Way:
    """One connection through the proxy; half of it when one side was dropped and the other was not told."""

    sides: tuple[asyncio.StreamWriter, asyncio.StreamWriter]
    port: int
    is_half: bool = False

    def abort(self) -> None:
        for side in self.sides:
            side.transport.abort()


class Proxy:
    """Passes connections to a port of this machine, in a thread of its own; `port` is where it listens.

    `toxics` may be replaced at any time and hold for what arrives from then on.
    """

    def __init__(self, target: int, random: Random, toxics: Toxics | None = None) -> None:
        self.target, self._random = target, random
        self.connections = 0
        self.resets = 0
        self.halves = 0
        self._ways: set[_Way] = set()
        self._toxics = toxics or Toxics()
        self._clear = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="proxy", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = self._do(asyncio.start_server(self._serve, LOOPBACK, 0))
        self.port: int = self._server.sockets[0].getsockname()[1]
        self.toxics = self._toxics
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._do(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    @property
    def url(self) -> str:
        """The http address of a web server behind it."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def toxics(self) -> Toxics:
        """What is being done now."""
        return self._toxics

    @toxics.setter
    def toxics(self, toxics: Toxics) -> None:
        self._toxics = toxics
        self._loop.call_soon_threadsafe(self._clear.clear if toxics.blackhole else self._clear.set)

    def cut(self) -> None:
        """Cut off every connection that there is now."""
        self._do(self._cut())

    @property
    def ways_out(self) -> frozenset[int]:
        """The ports of this machine from which it reaches its target now."""
        return frozenset(way.port for way in list(self._ways))

    async def _cut(self) -> None:
        for way in list(self._ways):
            way.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.CancelledError):  # else asyncio prints one for each connection at the end
            await self._carry(reader, writer)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        await self._clear.wait()
        try:
            there, back = await asyncio.open_connection(LOOPBACK, self.target)
        except OSError:
            writer.transport.abort()
            return
        way = _Way((writer, back), back.get_extra_info("sockname")[1])
        self._ways.add(way)
        pumps = [asyncio.ensure_future(self._pump(*side, way)) for side in ((reader, back), (there, writer))]
        try:
            await asyncio.gather(*pumps)
        except ConnectionError:
            pass
        finally:
            for pump in pumps:
                pump.cancel()
            way.abort()
            self._ways.discard(way)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: _Way) -> None:
        """Pass on until one side ends; its end is passed on too."""
        while data := await reader.read(CHUNK):
            await self._clear.wait()
            if self._toxics.half_open and not way.is_half:
                way.is_half = True
                self.halves += 1
                writer.transport.abort()
            if not way.is_half:
                await self._pass(data, writer)
        if not way.is_half and writer.can_write_eof():
            with suppress(OSError):
                writer.write_eof()

    async def _pass(self, data: bytes, writer: asyncio.StreamWriter) -> None:
        toxics = self._toxics
        severed = bool(toxics.severs) and toxics.severs in data
        if severed or (toxics.resets and self._random.random() < toxics.resets):
            self.resets += 1
            raise ConnectionResetError("as the toxics ask")
        delay = toxics.latency + toxics.jitter * self._random.uniform(-1, 1)
        if toxics.bandwidth:
            delay += len(data) / toxics.bandwidth
        if delay > 0:
            await asyncio.sleep(delay)
        size = 1 if toxics.one_byte else len(data)
        for start in range(0, len(data), size):
            writer.write(data[start : start + size])
            await writer.drain()

    async def _stop(self) -> None:
        self._server.close()
        mine = asyncio.current_task()
        # A connection that was being accepted begins after the first round.
        while tasks := [task for task in asyncio.all_tasks() if task is not mine]:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            await asyncio.sleep(0)

    def _do(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)
