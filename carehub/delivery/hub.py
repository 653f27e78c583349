"""One per server process: hears hints, reads the ledger by the cursors of the hinted people, appends to their sockets.

    doorbell (Redis) --hint--> hinted people --read--> frames --append--> connections
    scan (every 5 s) --hint-->

Self-clocking: while one read runs, hints gather; the next read starts when it ends. A lost, late or doubled hint
changes nothing, because what is read is decided by each connection's cursor. The hub never awaits a socket.
"""

import asyncio
import contextlib
import logging
import secrets
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import psycopg
import redis.asyncio
from django.conf import settings

from carehub.events import doorbell

from . import database
from .connection import Connection
from .frames import MAX_SOCKETS, Error, EventFrame, Head, Overseen, Receipt
from .ledger import PAGE, READ_SQL, entries, read_parameters
from .receipt_batch import Askers, ReceiptBatch
from .receipts import Marked, ring

logger = logging.getLogger(__name__)

SCAN_SECONDS = 5.0
HEARTBEAT_SCANS = 3

_SCAN_SQL = """
SELECT c.slot, coalesce(i.head, 0), p.is_active AND (
           EXISTS (SELECT 1 FROM accounts_session s WHERE s.session_key = c.credential AND s.person_id = p.id
                      AND s.expire_date > carehub_now())
        OR EXISTS (SELECT 1 FROM knox_authtoken t WHERE t.digest = c.credential AND t.user_id = p.id
                      AND t.expiry > carehub_now())) AS is_valid
  FROM unnest(%(persons)s::uuid[], %(credentials)s::text[]) WITH ORDINALITY AS c(person_id, credential, slot)
  JOIN directory_person p ON p.id = c.person_id
  LEFT JOIN events_inbox i ON i.person_id = c.person_id
"""

_HEADS_SQL = """
SELECT p.id, coalesce(i.head, 0), (
       SELECT count(*) FROM events_delivery d
        WHERE d.person_id = p.id AND d.due_at IS NOT NULL AND d.outcome IS NULL)
  FROM directory_person p LEFT JOIN events_inbox i ON i.person_id = p.id
 WHERE p.id = ANY(%(persons)s::uuid[])
"""


class Ring(msgspec.Struct):
    """What the doorbell says; any part may be missing."""

    n: dict[UUID, int] = {}
    gone: list[UUID] = []
    receipts: list[tuple[UUID, UUID, int, str, datetime, UUID | None]] = []
    overseers: list[UUID] = []
    origin: str = ""


class Hub:
    """Holds this process's connections. Started by the first socket, on that socket's event loop."""

    def __init__(self) -> None:
        self.name = secrets.token_hex(6)
        self.pool = database.make_pool()
        self._people: dict[UUID, set[Connection]] = defaultdict(set)
        self._hinted: set[UUID] = set()
        self._wake = asyncio.Event()
        self.receipts = ReceiptBatch(self.pool, self._committed)
        self._reader: psycopg.AsyncConnection[Any] | None = None
        self._redis: redis.asyncio.Redis = redis.asyncio.Redis.from_url(
            settings.REDIS_URL,
            socket_timeout=settings.REDIS_TIMEOUT_SECONDS,
            socket_connect_timeout=settings.REDIS_TIMEOUT_SECONDS,
            retry=None,
        )

    async def start(self) -> None:
        """Open the pool and begin to listen, read and tick."""
        await self.pool.open()
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._forever(work)) for work in (self._listen, self._read, self._tick)]

    async def _forever(self, work: Callable[[], Awaitable[None]]) -> None:
        """A defect in one of the three must not end it: say so, without what was being read, and go on."""
        while True:
            try:
                await work()
            except Exception as error:
                logger.error("hub: %s failed (%s), going on", work.__name__, type(error).__name__)
                await asyncio.sleep(1)
                self.hint(list(self._people))

    # -- connections

    def register(self, connection: Connection) -> bool:
        """Take a connection in, before its first read. False when its person has five already."""
        if len(self._people[connection.person_id]) >= MAX_SOCKETS:
            return False
        self._people[connection.person_id].add(connection)
        connection.on_room = lambda: self.hint([connection.person_id])
        return True

    def remove(self, connection: Connection) -> None:
        """Forget a connection; safe to call twice."""
        connection.is_closed = True
        sockets = self._people.get(connection.person_id)
        if sockets is not None:
            sockets.discard(connection)
            if not sockets:
                del self._people[connection.person_id]

    def _close(self, connection: Connection, code: int) -> None:
        connection.close_soon(code)
        self.remove(connection)

    # -- hints and reads

    def hint(self, people: Iterable[UUID]) -> None:
        """These inboxes may have grown."""
        hinted = [person for person in people if person in self._people]
        if hinted:
            self._hinted.update(hinted)
            self._wake.set()

    async def _read(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            people, self._hinted = self._hinted, set()
            try:
                await self._read_once(people)
            except (psycopg.Error, OSError, TimeoutError) as error:
                logger.warning("hub: the ledger does not answer (%s); again in a second", type(error).__name__)
                self._reader = None
                await asyncio.sleep(1)
                self.hint(people)

    async def _read_once(self, people: set[UUID]) -> None:
        waiting: dict[tuple[UUID, int], list[tuple[Connection, int]]] = defaultdict(list)
        for person in people:
            for connection in self._people.get(person, ()):
                connection.is_behind = not connection.room
                if connection.room:
                    waiting[person, connection.cursor].append((connection, connection.generation))
        if not waiting:
            return
        slots = list(waiting)
        reader = await self._connection()
        parameters = read_parameters([person for person, _ in slots], [after for _, after in slots])
        rows = await (await reader.execute(READ_SQL, parameters, prepare=True)).fetchall()
        counts: dict[int, int] = defaultdict(int)
        for entry in entries(rows):
            counts[entry.slot] += 1
            for connection, generation in waiting[slots[entry.slot - 1]]:
                if connection.generation == generation:  # else it was rewound meanwhile, and hinted anew
                    self._pass_on(connection, entry.n, entry.frame)
        self.hint(person for slot, (person, _) in enumerate(slots, start=1) if counts[slot] == PAGE)
        quiet = {person for slot, (person, _) in enumerate(slots, start=1) if not counts[slot]}
        if quiet:
            await self._tell_heads(quiet)

    @staticmethod
    def _pass_on(connection: Connection, n: int, frame: EventFrame | None) -> None:
        """Queue one row for one socket, in order; a row that may not be read only moves the cursor."""
        if n <= connection.cursor:
            return
        if not connection.room:
            connection.is_behind = True
        elif frame is None:
            connection.cursor = n
        else:
            connection.append_event(frame)

    async def _connection(self) -> psycopg.AsyncConnection[Any]:
        if self._reader is None or self._reader.closed:
            self._reader = await database.connect()
        return self._reader

    async def _tell_heads(self, people: set[UUID]) -> None:
        reader = await self._connection()
        rows = await (await reader.execute(_HEADS_SQL, {"persons": list(people)}, prepare=True)).fetchall()
        for person, head, open in rows:
            for connection in self._people.get(person, ()):
                if connection.is_live:
                    connection.append(Head(n=head, open=open))

    # -- the doorbell

    async def _listen(self) -> None:
        while True:
            try:
                async with self._redis.pubsub() as pubsub:
                    await pubsub.subscribe(doorbell.channel())
                    self.hint(list(self._people))
                    await self._hear(pubsub)
            except (redis.RedisError, OSError, TimeoutError) as error:
                logger.warning("hub: no doorbell (%s); scanning every %s s", type(error).__name__, SCAN_SECONDS)
                await asyncio.sleep(1)

    async def _hear(self, pubsub: Any) -> None:
        heard_at = time.monotonic()
        while True:
            message = await pubsub.get_message(ignore_subscribe_messages=True, timeout=SCAN_SECONDS)
            now = time.monotonic()
            if message is not None:
                heard_at = now
                if message["type"] == "message":
                    self._obey(message["data"])
            elif now - heard_at > 3 * SCAN_SECONDS:
                raise TimeoutError("the subscription is silent")
            elif now - heard_at > SCAN_SECONDS:
                await pubsub.ping()

    def _obey(self, data: bytes) -> None:
        with contextlib.suppress(msgspec.DecodeError):
            message = msgspec.json.decode(data, type=Ring)
            self.hint(message.n)
            for person in message.gone:
                self._recheck(person)
            if message.origin != self.name:
                marked = (Marked(p, e, n, False, s, at, a, True) for e, p, n, s, at, a in message.receipts)
                self._pass_receipts(marked, {})
                self._tell_overseers(message.overseers)

    def _recheck(self, person: UUID) -> None:
        for connection in list(self._people.get(person, ())):
            connection.rewind()
        if person in self._people:
            self.hint([person])
            self._spawn(self._scan([person]))

    # -- the clock: one ticker for the whole process

    async def _tick(self) -> None:
        ticks = 0
        while True:
            await asyncio.sleep(SCAN_SECONDS)
            ticks += 1
            if not self._people:
                continue
            try:
                await self._scan(list(self._people))
                if ticks % HEARTBEAT_SCANS == 0:
                    await self._tell_heads(set(self._people))
            except (psycopg.Error, OSError, TimeoutError) as error:
                logger.warning("hub: scan failed (%s)", type(error).__name__)

    async def _scan(self, people: list[UUID]) -> None:
        """Find inboxes that grew unheard, credentials that ended, and sockets that stall."""
        sockets = [connection for person in people for connection in self._people.get(person, ())]
        parameters = {
            "persons": [connection.person_id for connection in sockets],
            "credentials": [connection.credential for connection in sockets],
        }
        async with self.pool.connection() as reader:
            rows = await (await reader.execute(_SCAN_SQL, parameters, prepare=True)).fetchall()
        for slot, head, is_valid in rows:
            connection = sockets[slot - 1]
            if not is_valid:
                self._close(connection, 4001)
            elif connection.has_stalled():
                self._close(connection, 4013)
            elif head > connection.cursor and connection.is_live:
                self.hint([connection.person_id])

    # -- receipts

    async def _committed(self, marked: list[Marked], askers: Askers) -> None:
        self._pass_receipts(marked, askers)
        self._tell_overseers({person for m in marked for person in m.overseers})
        message = ring(marked, origin=self.name)
        if message:
            with contextlib.suppress(redis.RedisError, OSError, TimeoutError):
                await self._redis.publish(doorbell.channel(), msgspec.json.encode(message))

    def _pass_receipts(self, marked: Iterable[Marked], askers: Askers) -> None:
        """To the person's own sockets with n, to the author's without; to who asked also when nothing changed."""
        answered = set()
        for m in marked:
            key = (m.person_id, m.n)
            answered.add(key)
            asked = askers.get(key, set())
            own = Receipt(event_id=m.event_id, person_id=m.person_id, n=m.n, state=m.state, at=m.at)
            self._append(self._people.get(m.person_id, ()) if m.is_new else asked, own)
            if m.wants_answer:
                self._append(asked, _refusal("answer-owed", m.n, "asks for an answer, not for an acknowledgement"))
            if m.is_new and m.author_id is not None and m.author_id != m.person_id:
                theirs = Receipt(event_id=m.event_id, person_id=m.person_id, n=None, state=m.state, at=m.at)
                self._append(self._people.get(m.author_id, ()), theirs)
        for key, connections in askers.items():
            if key not in answered:
                self._append(
                    connections, _refusal("unknown-number", key[1], "is not in your inbox, or no longer yours")
                )

    @staticmethod
    def _append(connections: Iterable[Connection], frame: msgspec.Struct) -> None:
        for connection in connections:
            connection.append(frame)

    def _tell_overseers(self, people: Iterable[UUID]) -> None:
        for person in people:
            for connection in self._people.get(person, ()):
                connection.append_once(Overseen())

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.append(task)
        task.add_done_callback(self._tasks.remove)


def _refusal(code: str, n: int, words: str) -> Error:
    return Error(code=code, detail=f"n={n} {words}.", in_reply_to="acknowledge" if code == "answer-owed" else "", n=n)


_hub: Hub | None = None
_starting: asyncio.Lock | None = None


async def get_hub() -> Hub:
    """This process's hub, started on first use; who comes while it starts waits for it."""
    global _hub, _starting
    _starting = _starting or asyncio.Lock()
    async with _starting:
        if _hub is None:
            hub = Hub()
            await hub.start()
            _hub = hub
    return _hub
