"""One socket as the hub sees it: a bounded queue, a cursor, and a window of what the client has not yet received.

Nobody awaits a socket: `append` queues, and a writer task exists only while something is queued.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any
from uuid import UUID

import msgspec

from .frames import MAX_PER_SECOND, EventFrame, encode

QUEUE = 64
WINDOW_FRAMES = 256
WINDOW_BYTES = 1_048_576
STALL_SECONDS = 30.0
CONTROL_QUEUE = 512

Send = Callable[[str], Coroutine[Any, Any, None]]
Close = Callable[[int], Coroutine[Any, Any, None]]


class Connection:
    """Lives in the hub from `resume` until it closes. `cursor` is the last number queued, `sent` the last one
    sent; `floor` is the cursor it resumed with."""

    def __init__(
        self, *, person_id: UUID, credential: str, send: Send, close: Close, address: str | None = None
    ) -> None:
        self.person_id = person_id
        self.credential = credential
        self.address = address
        self.cursor = 0
        self.sent = 0
        self.floor = 0
        self.generation = 0
        self.is_behind = False
        self.is_live = False
        self.is_closed = False
        self.on_room: Callable[[], None] = lambda: None
        self._send, self._close = send, close
        self._queue: deque[tuple[int, str]] = deque()
        self._window: deque[tuple[int, int]] = deque()
        self._window_bytes = 0
        self._stalled_since: float | None = None
        self._writer: asyncio.Task[None] | None = None
        self._allowance, self._allowance_at = float(MAX_PER_SECOND), time.monotonic()

    # -- what the hub asks

    @property
    def room(self) -> int:
        """How many more event frames may be queued now."""
        if self.is_closed or not self.is_live or self._is_full:
            return 0
        return max(0, QUEUE - len(self._queue))

    @property
    def _is_full(self) -> bool:
        return len(self._window) >= WINDOW_FRAMES or self._window_bytes >= WINDOW_BYTES

    def has_stalled(self) -> bool:
        """Whether the server has waited 30 s for a `received`, or control frames have piled up unsent."""
        if len(self._queue) > CONTROL_QUEUE:
            return True
        return self._stalled_since is not None and time.monotonic() - self._stalled_since > STALL_SECONDS

    def may_speak(self) -> bool:
        """Whether the client keeps to 20 frames a second (a bucket that holds one second's worth)."""
        now = time.monotonic()
        self._allowance = min(float(MAX_PER_SECOND), self._allowance + (now - self._allowance_at) * MAX_PER_SECOND)
        self._allowance_at = now
        self._allowance -= 1
        return self._allowance >= 0

    # -- what goes out

    def append_event(self, frame: EventFrame) -> None:
        """Queue one event; the caller looked at `room`."""
        self.cursor = frame.n
        self._append(frame.n, encode(frame).decode())

    def append(self, frame: msgspec.Struct) -> None:
        """Queue a frame that carries no inbox number."""
        self._append(0, encode(frame).decode())

    def append_once(self, frame: msgspec.Struct) -> None:
        """Queue a frame that only hints, unless the same one waits already."""
        text = encode(frame).decode()
        if self.is_live and (0, text) not in self._queue:
            self._append(0, text)

    def rewind(self) -> None:
        """Forget what is queued but unsent, so that it is read again and authorized anew.

        A read that is under way began at the older, higher cursor: `generation` tells the hub to drop its rows.
        """
        self.generation += 1
        self._queue = deque(item for item in self._queue if item[0] == 0)
        self.cursor = self.sent

    def _append(self, n: int, text: str) -> None:
        if self.is_closed:
            return
        self._queue.append((n, text))
        if self._writer is None:
            self._writer = asyncio.get_running_loop().create_task(self._write())

    async def _write(self) -> None:
        try:
            while self._queue and not self.is_closed:
                n, text = self._queue.popleft()
                if n:
                    self.sent = n
                    self._window.append((n, len(text)))
                    self._window_bytes += len(text)
                    if self._is_full and self._stalled_since is None:
                        self._stalled_since = time.monotonic()
                await self._send(text)
        finally:
            self._writer = None
        if self.is_behind:
            self.on_room()

    # -- what came in

    def received(self, n: int) -> None:
        """The client has everything up to n: the window moves."""
        while self._window and self._window[0][0] <= n:
            self._window_bytes -= self._window.popleft()[1]
        if not self._is_full:
            self._stalled_since = None
            if self.is_behind:
                self.on_room()

    def close_soon(self, code: int) -> None:
        """Close from a task of its own; a socket that does not answer delays nobody."""
        if not self.is_closed:
            self.is_closed = True
            self._queue.clear()
            self._closer: asyncio.Task[None] = asyncio.get_running_loop().create_task(self._close(code))
