"""The live socket's door: lets people in, parses their frames, hands them to the hub.

One query at connect (person, session or ticket, head, epoch); no Redis command, no thread, no query per idle socket.
"""

import hashlib
from typing import Any
from urllib.parse import urlsplit

import psycopg
from channels.consumer import AsyncConsumer
from channels.exceptions import StopConsumer
from django.conf import settings
from django.http.cookie import parse_cookie

from . import frames
from .connection import Connection
from .frames import SUBPROTOCOL, TICKET_PREFIX
from .hub import Hub, get_hub

_PERSON_SQL = """
SELECT p.id, {credential}, coalesce(i.head, 0), (SELECT epoch FROM core_installation),
       (SELECT count(*) FROM events_delivery d
         WHERE d.person_id = p.id AND d.due_at IS NOT NULL AND d.outcome IS NULL)
  FROM {source}
  JOIN directory_person p ON p.id = {person} AND p.is_active
  LEFT JOIN events_inbox i ON i.person_id = p.id
"""

_BY_SESSION = (
    _PERSON_SQL.format(credential="s.session_key", source="accounts_session s", person="s.person_id")
    + " WHERE s.session_key = %(key)s AND s.expire_date > carehub_now()"
)
_BY_TICKET = (
    "WITH used AS (DELETE FROM accounts_ticket WHERE digest = %(key)s RETURNING *)"
    + _PERSON_SQL.format(
        credential="t.digest",
        source="used JOIN knox_authtoken t ON t.digest = used.token_digest AND t.expiry > carehub_now()",
        person="used.person_id",
    )
    + " WHERE used.created_at > carehub_now() - interval '30 seconds'"
)


class LiveConsumer(AsyncConsumer):  # type: ignore[misc]
    """One socket of one person; see docs/protocol.md."""

    hub: Hub
    head: int
    epoch: int
    connection: Connection | None = None
    is_resumed = False

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Call the handler directly: Channels would first hop to its one shared thread to close Django connections,
        and none is used here."""
        try:
            await getattr(self, message["type"].replace(".", "_"))(message)
        except StopConsumer:
            raise
        except Exception:
            # A socket whose handler failed gives its place in the hub back before it dies.
            self._drop(1011)
            raise

    async def websocket_connect(self, message: dict[str, Any]) -> None:
        found = await self._authenticate()
        if found is None:
            await self.send({"type": "websocket.close", "code": 4001})
            return
        person_id, credential, self.head, self.epoch, open = found
        self.connection = Connection(
            person_id=person_id,
            credential=credential,
            send=self._send_text,
            close=self._close,
            address=(self.scope.get("client") or [None])[0],
        )
        await self.send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL if self._offered() else None})
        if not self.hub.register(self.connection):
            self.connection.close_soon(1013)
            return
        self.connection.append(
            frames.Hello(epoch=self.epoch, n=self.head, open=open, person_id=person_id, server=settings.SERVER_NAME)
        )

    async def websocket_receive(self, message: dict[str, Any]) -> None:
        connection = self.connection
        if connection is None or connection.is_closed:
            return
        text = message.get("text")
        raw = text.encode() if text is not None else message["bytes"]
        if len(raw) > frames.MAX_BYTES:
            self._drop(1009)
        elif not connection.may_speak():
            self._drop(1008)
        elif text is None:
            connection.append(frames.Error(code="invalid-frame", detail="Frames are JSON text, not binary."))
        else:
            await self._obey(connection, text)

    async def websocket_disconnect(self, message: dict[str, Any]) -> None:
        if self.connection is not None:
            self.hub.remove(self.connection)
        raise StopConsumer

    async def _obey(self, connection: Connection, text: str) -> None:
        try:
            frame = frames.parse_client(text)
        except frames.Malformed as malformed:
            connection.append(malformed.reply)
            return
        if isinstance(frame, frames.Resume):
            await self._resume(connection, frame)
        elif not self.is_resumed:
            self._drop(1008)
        elif isinstance(frame, frames.Received):
            self.hub.receipts.received(connection, frame.n, above=frame.above)
        else:
            self.hub.receipts.mark(connection, frame.n, acknowledges=isinstance(frame, frames.Acknowledge))

    async def _resume(self, connection: Connection, frame: frames.Resume) -> None:
        if self.is_resumed:
            connection.append(
                frames.Error(code="already-resumed", detail="This socket has resumed.", in_reply_to="resume")
            )
            return
        if frame.cursor is None:
            after = self.head
        else:
            cursor = frames.parse_cursor(frame.cursor)
            if cursor is None or cursor[0] != self.epoch or cursor[1] > await self._head(cursor[1]):
                connection.append(
                    frames.Resync(
                        cursor=f"{self.epoch}.{self.head}",
                        detail="This cursor is not of this ledger. Fetch what you show afresh, then resume.",
                    )
                )
                return
            after = cursor[1]
        self.is_resumed = connection.is_live = True
        connection.cursor = connection.sent = connection.floor = after
        self.hub.hint([connection.person_id])

    async def _head(self, at_least: int) -> int:
        """The inbox's head; asked again only for a number above the one known from connecting."""
        if at_least > self.head and self.connection is not None:
            async with self.hub.pool.connection() as reader:
                row = await (
                    await reader.execute(
                        "SELECT head FROM events_inbox WHERE person_id = %(person)s",
                        {"person": self.connection.person_id},
                    )
                ).fetchone()
            self.head = row[0] if row else 0
        return self.head

    async def _authenticate(self) -> tuple[Any, ...] | None:
        """The person's row for a ticket, else for a cookie that comes from our own pages; None for nobody."""
        ticket = next((p for p in self.scope["subprotocols"] if p.startswith(TICKET_PREFIX)), None)
        if ticket is not None:
            statement = _BY_TICKET
            key: bytes | str = hashlib.sha256(ticket[len(TICKET_PREFIX) :].encode()).digest()
        else:
            headers = dict(self.scope["headers"])
            cookie = parse_cookie(headers.get(b"cookie", b"").decode("latin-1")).get(settings.SESSION_COOKIE_NAME)
            if cookie is None or not _is_own_origin(headers):
                return None
            statement, key = _BY_SESSION, cookie
        try:
            self.hub = await get_hub()
            async with self.hub.pool.connection() as reader:
                row: tuple[Any, ...] | None = await (
                    await reader.execute(statement, {"key": key}, prepare=True)
                ).fetchone()
                return row
        except (psycopg.Error, OSError, TimeoutError):
            return None

    def _offered(self) -> bool:
        return SUBPROTOCOL in self.scope["subprotocols"]

    def _drop(self, code: int) -> None:
        if self.connection is not None:
            self.connection.close_soon(code)
            self.hub.remove(self.connection)

    async def _send_text(self, text: str) -> None:
        await self.send({"type": "websocket.send", "text": text})

    async def _close(self, code: int) -> None:
        await self.send({"type": "websocket.close", "code": code})


class NothingHere(AsyncConsumer):  # type: ignore[misc]
    """Refuses the handshake at every other address; Channels itself would log an error for each stranger's guess."""

    async def websocket_connect(self, message: dict[str, Any]) -> None:
        await self.send({"type": "websocket.close"})

    async def websocket_disconnect(self, message: dict[str, Any]) -> None:
        raise StopConsumer


def _is_own_origin(headers: dict[bytes, bytes]) -> bool:
    """Whether a browser's page of this installation opened the socket; a missing Origin is refused."""
    origin = headers.get(b"origin", b"").decode("latin-1")
    host = headers.get(b"host", b"").decode("latin-1")
    if not origin:
        return False
    return urlsplit(origin).netloc == host or origin in settings.CSRF_TRUSTED_ORIGINS
