"""Writers and listeners, who do what a careful client does and write down what they are told.

They run in a thread of their own, so that a scenario may block while it kills and starts what they talk to.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from random import Random
from threading import Thread
from types import TracebackType
from typing import Any, Literal, Self, TypeVar

import msgspec

from carehub.client import BadAnswer, CareHub, Connected, Disconnected, Live, Notice, Problem, Timing, Unreachable
from carehub.prove.cast import OUTSIDER, PASSWORD, Cast, email, members
from carehub.prove.history import INBOX, History
from carehub.prove.processes import NotWithin

REQUEST_SECONDS = 15.0
PERSIST_SECONDS = 30.0
GIVES_UP = 0.2
"""How many of the writes without an answer are not repeated, so that they stay unknown."""

TIMING = Timing(backoff=0.2, repeat_after=2.0)
"""Impatient, so that a scenario need not wait for its clients' manners."""

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request of a writer. `status` is 0 when no answer came; times in monotonic seconds."""

    who: str
    began: float
    ended: float
    status: int
    retry_after: float | None
    record: str

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.ended - self.began


class Crowd:
    """The cast, or some of it, at work on some servers with the tokens that they have; leaving stops all."""

    def __init__(
        self,
        cast: Cast,
        urls: Sequence[str],
        history: History,
        random: Random,
        *,
        people: Sequence[str] | None = None,
    ) -> None:
        self.cast, self.urls, self.history, self._random = cast, list(urls), history, random
        self.people = list(people or members())
        self.notices: dict[str, list[tuple[float, Notice]]] = {}
        self.attempts: list[Attempt] = []
        self.acknowledged = 0
        self.heard = 0
        self.close_codes: list[int | None] = []
        self.gives_up = GIVES_UP
        self.patience = REQUEST_SECONDS
        self._tokens = dict(cast.tokens)
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="crowd", daemon=True)
        self._writers: list[Future[None]] = []
        self._listeners: list[Future[None]] = []
        self._is_writing = True
        self._reached: dict[str, int] = {}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_writing = False
        self._do(self._cancel_all(), 30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def client(self, name: str, server: int = 0, timeout: float | None = None) -> CareHub:
        """Somebody's way into one of the servers."""
        return CareHub(self.urls[server], token=self._tokens[name], timeout=timeout or self.patience)

    def log_in(self, *names: str, server: int = 0) -> None:
        """Give these people new tokens, by e-mail address and password."""
        self._do(self._log_in(names, server), 60)

    def write(
        self, writers: int, *, every: float = 0.0, people: Sequence[str] = (), records: Sequence[str] = ()
    ) -> None:
        """Let so many write from now on, each one message after the other, `every` seconds apart.

        By default all people take turns and each writes to the records whose team he is on.
        """
        people = people or self.people
        for i in range(writers):
            name, random = people[i % len(people)], Random(self._random.random())  # noqa: S311
            work = self._write(name, f"writer{len(self._writers)}", random, every, records)
            self._writers.append(self._start(work))

    def write_some(
        self,
        number: int,
        *,
        at_once: int = 8,
        every: float = 0.0,
        people: Sequence[str] = (),
        records: Sequence[str] = (),
    ) -> None:
        """Let so many messages be written and wait until each has its answer."""
        goal = self.acknowledged + number
        self.write(at_once, every=every, people=people, records=records)
        self.until(lambda: self.acknowledged >= goal, 600)
        self.stop_writing()

    def listen(self, sockets: int, *, timing: Timing = TIMING, kind: str = "", people: Sequence[str] = ()) -> None:
        """Open so many live connections, people and servers in turn, and return when all have been tried.

        `kind` ends their names in the history.
        """
        first = len(self._listeners)
        numbers = range(first, first + sockets)
        opened = [self.begin(self._open(i, people or self.people, timing, kind)) for i in numbers]
        for future in opened:
            self._listeners.append(future.result(60))

    def stop_writing(self) -> None:
        """Begin nothing new and return when every write has its end."""
        self._is_writing = False
        for future in self._writers:
            future.result(REQUEST_SECONDS + PERSIST_SECONDS)
        self._writers.clear()
        self._is_writing = True

    def drain(self, seconds: float = 60) -> None:
        """Everybody reads the whole inbox over HTTP; returns when the sockets have come as far.

        Raises NotWithin when one does not.
        """
        heads = self._do(self._read_all(), 120)
        behind: list[str] = []

        def caught_up() -> bool:
            behind[:] = [via for via, n in self._reached.items() if n < heads[via.partition(" ")[0]]]
            return not behind

        self.until(caught_up, seconds, "the sockets had not caught up")

    @property
    def endings(self) -> list[BaseException | None]:
        """What ended each socket that does not listen any more."""
        return [future.exception() for future in self._listeners if future.done()]

    def is_level(self, heads: Mapping[str, int]) -> bool:
        """Whether every socket has been handed its person's newest number."""
        return all(n >= heads[via.partition(" ")[0]] for via, n in self._reached.items())

    def until(self, condition: Callable[[], object], seconds: float, words: str = "it was not so") -> None:
        """Return once the condition holds; raises NotWithin. Whatever ended a listener is raised here."""
        deadline = time.monotonic() + seconds
        while not condition():
            for future in self._listeners + self._writers:
                if future.done():
                    future.result()
            if time.monotonic() > deadline:
                raise NotWithin(f"{words} within {seconds:g} s")
            time.sleep(0.05)

    def everybody_succeeds_after(self, moment: float) -> float | None:
        """Seconds from this moment until each writer had an acknowledgement of something begun after it."""
        firsts: dict[str, float] = {}
        for attempt in reversed(self.attempts):
            if attempt.ended < moment:
                break
            if attempt.status == 201 and attempt.began >= moment:
                firsts[attempt.who] = attempt.ended - moment
        return max(firsts.values()) if len(firsts) == len(self._writers) else None

    def call(self, work: Coroutine[Any, Any, Result], seconds: float = 60) -> Result:
        """Run something else beside the writers and return its result."""
        return self._do(work, seconds)

    def begin(self, work: Coroutine[Any, Any, Result]) -> Future[Result]:
        """Run something else beside the writers; its result comes later."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    # -- in the thread

    async def _log_in(self, names: Sequence[str], server: int) -> None:
        for name in names:
            client = await CareHub.log_in(self.urls[server], email(name), PASSWORD, timeout=REQUEST_SECONDS)
            assert client.token is not None
            self._tokens[name] = client.token

    async def _write(self, name: str, writer: str, random: Random, every: float, where: Sequence[str]) -> None:
        records = where or self.cast.records_of(name)
        number = 0
        while self._is_writing:
            number += 1
            op = f"{name}-{writer}-{number}-{random.getrandbits(32):08x}"
            record = random.choice(records)
            self.history.invoke(op, who=name, record=record)
            outcome, words = await self._persist(name, writer, record, op, random)
            self.history.end(op, outcome, words)
            self.acknowledged += outcome == "ok"
            await asyncio.sleep(every * random.uniform(0.5, 1.5))

    async def _persist(
        self, name: str, writer: str, record: str, op: str, random: Random
    ) -> tuple[Literal["ok", "fail", "unknown"], str]:
        """Say it under one key until there is an answer; some give up at the first silence."""
        deadline = time.monotonic() + PERSIST_SECONDS
        server = random.randrange(len(self.urls))
        patient = random.random() >= self.gives_up
        while True:
            attempt = await self._attempt(name, writer, server, record, op)
            if attempt.status == 201:
                return "ok", ""
            if attempt.status in range(400, 500) and attempt.status != 409:
                return "fail", str(attempt.status)
            if not patient or time.monotonic() > deadline:
                return "unknown", str(attempt.status)
            server = (server + 1) % len(self.urls)
            await asyncio.sleep(0.1 * random.uniform(0.5, 1.5))

    async def _attempt(self, name: str, writer: str, server: int, record: str, op: str) -> Attempt:
        began = time.monotonic()
        status, retry_after = 0, None
        try:
            path = f"/api/v1/records/{record}/messages"
            status = (await self.client(name, server).post(path, {"text": op}, idempotency_key=op)).status
        except Problem as refusal:
            status, retry_after = refusal.status, refusal.retry_after
        except (Unreachable, BadAnswer):
            pass
        attempt = Attempt(writer, began, time.monotonic(), status, retry_after, record)
        self.attempts.append(attempt)
        return attempt

    async def _open(self, number: int, people: Sequence[str], timing: Timing, kind: str) -> Future[None]:
        name = people[number % len(people)]
        client = self.client(name, number // len(people) % len(self.urls))
        via = f"{name} {number} {kind}".strip()
        live = client.live(await client.first_cursor(), notify=self._noter(via), timing=timing)
        await live.__aenter__()
        self._reached[via] = 0
        return self._start(self._listen(live, name, via))

    async def _listen(self, live: Live, name: str, via: str) -> None:
        try:
            async for event in live:
                op, digest = _op(event.type, event.body), _digest(event.raw)
                self.history.read(
                    who=name, via=via, n=event.n, event=event.id, op=op, digest=digest, record=event.record_id or ""
                )
                self.heard += 1
                self._reached[via] = event.n
        finally:
            await live.__aexit__(None, None, None)

    def _noter(self, via: str) -> Callable[[Notice], None]:
        """Keeps when sockets came and went, and how those that had said hello were closed: an attempt that found
        nobody is no close."""
        stands = False
        kept = self.notices[via] = []

        def note(notice: Notice) -> None:
            nonlocal stands
            if isinstance(notice, Connected | Disconnected):
                kept.append((time.monotonic(), notice))
            if isinstance(notice, Disconnected):
                if stands:
                    self.close_codes.append(notice.code)
                stands = False
            stands = stands or isinstance(notice, Connected)

        return note

    async def _read_all(self) -> dict[str, int]:
        return {name: await self._read_inbox(name) for name in (*self.people, OUTSIDER)}

    async def _read_inbox(self, name: str) -> int:
        client = self.client(name)
        cursor, last = await client.first_cursor(), 0
        while rows := (page := await client.get(f"/api/v1/inbox?after={cursor}&limit=200")).member("results"):
            for row in rows:
                event, last = row["event"], row["n"]
                op = _op(event["type"], event["body"])
                self.history.read(who=name, via=INBOX, n=last, event=event["id"], op=op, digest=_digest(row))
            cursor = page.member("cursor")
        return last

    async def _cancel_all(self) -> None:
        mine = asyncio.current_task()
        tasks = [task for task in asyncio.all_tasks() if task is not mine]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # -- from outside

    def _start(self, work: Coroutine[Any, Any, None]) -> Future[None]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def _do(self, work: Coroutine[Any, Any, Result], seconds: float) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(seconds)


def _digest(row: Mapping[str, Any]) -> str:
    """Of everything in a frame, or a row of the inbox, that does not change with what its reader does."""
    told = [row["n"], row["obligation"], row["ground"], row["event"]]
    return hashlib.blake2b(msgspec.json.encode(told, order="deterministic"), digest_size=8).hexdigest()


def _op(type: str, body: Any) -> str:
    return str(body.get("text", "")) if type == "message.posted" else ""
