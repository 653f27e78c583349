"""Passes hints on from one Redis channel to another, badly: some are dropped, some come twice, some out of turn."""

from __future__ import annotations

from random import Random
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self

import redis

DROPPED = 0.5
DOUBLED = 0.5
HELD_BACK = 3
"""How many hints wait so that any of them may be passed on next."""


class Relay:
    """Works in a thread of its own from entering to leaving. `heard`, `dropped` and `passed` count."""

    def __init__(self, url: str, *, source: str, target: str, random: Random) -> None:
        self.heard = self.dropped = self.passed = 0
        self._redis = redis.Redis.from_url(url)
        self._source, self._target, self._random = source, target, random
        self._waiting: list[bytes] = []
        self._is_over = Event()
        self._thread = Thread(target=self._run, name="relay", daemon=True)

    def __enter__(self) -> Self:
        self._pubsub: Any = self._redis.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
        self._pubsub.subscribe(self._source)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        self._thread.join(5)
        self._pubsub.close()
        self._redis.close()

    def _run(self) -> None:
        while not self._is_over.is_set():
            message = self._pubsub.get_message(timeout=0.2)
            if message is not None:
                self._take(message["data"])

    def _take(self, hint: bytes) -> None:
        self.heard += 1
        if self._random.random() < DROPPED:
            self.dropped += 1
            return
        self._waiting.append(hint)
        if len(self._waiting) > HELD_BACK:
            chosen = self._waiting.pop(self._random.randrange(len(self._waiting)))
            for _ in range(2 if self._random.random() < DOUBLED else 1):
                self._redis.publish(self._target, chosen)
                self.passed += 1
