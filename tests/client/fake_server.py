"""A small server that speaks the protocol, misbehaves on demand, and remembers what it was told.

HTTP is answered by hand; bytes of the socket's path are passed on to a real websockets server, so that both
have one address, as they have in CareHub.
"""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from .fake_http import Answer, Request, pump, read_request, render

PASSWORD = "a good long password"


class FakeServer:
    def __init__(self) -> None:
        self.epoch = "e1"
        self.events: list[dict[str, Any]] = []
        self.frames: list[dict[str, Any]] = []  # what clients said on sockets, in order
        self.requests: list[Request] = []
        self.answers: dict[tuple[str, str], Answer | bytes] = {}  # by method and path: instead of the usual ones
        self.takes_sockets = True
        self.swallows = 0  # how many acknowledge and seen frames go unconfirmed
        self.refuses: set[int] = set()  # numbers that cannot be acknowledged
        self.points_at_refused = True
        self.repeats = False  # sends the whole inbox again, whatever the cursor says
        self.resumed: list[ServerConnection] = []
        self.tickets: set[str] = set()
        self._port = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._change = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._sockets: Server = await serve(
            self._talk,
            "127.0.0.1",
            0,
            subprotocols=[Subprotocol("carehub.v1")],
            compression=None,
            close_timeout=0.1,
        )
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.kill()
        self._sockets.close()
        await self._sockets.wait_closed()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def cursor(self) -> str:
        return f"{self.epoch}.{len(self.events)}"

    async def start(self) -> None:
        """Listen, on the same port as before."""
        self._listener = await asyncio.start_server(self._accept, "127.0.0.1", self._port)
        self._port = self._listener.sockets[0].getsockname()[1]

    async def kill(self) -> None:
        """Go away as a killed process does: no close frame, no answer, nobody listens."""
        self._listener.close()
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.resumed.clear()

    async def drop(self, code: int, reason: str = "") -> None:
        """Close every socket with this code."""
        for socket in list(self.resumed):
            await socket.close(code, reason)

    async def publish(self, *, type: str = "plan.revised", obligation: str = "acknowledge", **more: Any) -> int:
        """Put one more event into the inbox, and on the wire to who has resumed."""
        n = len(self.events) + 1
        event = {
            "id": f"event-{n}",
            "type": type,
            "record_id": "record-1",
            "at": "2026-03-01T10:42:03+00:00",
            "author": {"id": "person-2", "name": "Dr Adler"},
            "priority": "routine",
            "topic": "plan",
            "body": {"revision": n},
        }
        row = {
            "n": n,
            "obligation": obligation,
            "due_at": "2026-03-01T18:42:00+00:00" if obligation in ("acknowledge", "answer") else None,
            "ground": "role",
            "state": "pending",
            "event": event | {k: v for k, v in more.items() if k in event},
        }
        self.events.append(row | {k: v for k, v in more.items() if k not in event})
        await self.send({"kind": "event", **self.events[-1]})
        return n

    async def send(self, frame: dict[str, Any]) -> None:
        """Put a frame on every socket that has resumed."""
        for socket in list(self.resumed):
            await socket.send(json.dumps(frame))

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something heard makes the condition true; five seconds are for ever."""
        async with asyncio.timeout(5):
            while not condition():
                await self._change.wait()

    def said(self, kind: str) -> list[Any]:
        """The numbers or cursors of every frame of this kind, in order."""
        return [f["cursor" if kind == "resume" else "n"] for f in self.frames if f["kind"] == kind]

    def asked(self, path: str) -> list[Request]:
        """Every request to this path, its query left out."""
        return [r for r in self.requests if urlsplit(r.path).path == path]

    # The socket

    async def _talk(self, socket: ServerConnection) -> None:
        hello = {"kind": "hello", "epoch": self.epoch, "n": len(self.events), "open": 0}
        try:
            await socket.send(json.dumps(hello | {"person_id": "person-1", "server": "fake"}))
            async for text in socket:
                frame = json.loads(text)
                for reply in self._reply(socket, frame):
                    await socket.send(json.dumps(reply))
                self.frames.append(frame)
                self._stir()
        except ConnectionClosed:
            pass
        finally:
            if socket in self.resumed:
                self.resumed.remove(socket)
            self._stir()

    def _reply(self, socket: ServerConnection, frame: dict[str, Any]) -> list[dict[str, Any]]:
        if frame["kind"] == "resume":
            return self._resume(socket, frame["cursor"])
        if frame["kind"] == "received":
            return []
        if self.swallows:
            self.swallows -= 1
            return []
        refused = [n for n in frame["n"] if n in self.refuses]
        if refused:
            pointer = f"/n/{frame['n'].index(refused[0])}" if self.points_at_refused else None
            return [
                {
                    "kind": "error",
                    "code": "not-acknowledgeable",
                    "detail": "It asks for an answer.",
                    "pointer": pointer,
                    "in_reply_to": frame["kind"],
                }
            ]
        return [{"kind": "receipt", **row} for row in self._receipts({frame["kind"]: frame["n"]})]

    def _resume(self, socket: ServerConnection, cursor: str | None) -> list[dict[str, Any]]:
        epoch, n = (self.epoch, len(self.events)) if cursor is None else _split(cursor)
        if epoch != self.epoch or n > len(self.events):
            return [{"kind": "resync", "cursor": self.cursor, "detail": "The installation was restored."}]
        self.resumed.append(socket)
        return [{"kind": "event", **row} for row in self.events[0 if self.repeats else n :]]

    def _receipts(self, said: dict[str, Any]) -> list[dict[str, Any]]:
        rows = []
        for kind, state in (("seen", "seen"), ("acknowledge", "acknowledged")):
            rows += [
                {"event_id": f"event-{n}", "person_id": "person-1", "n": n, "state": state, "at": _AT}
                for n in said.get(kind, [])
            ]
        return rows

    # HTTP

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                await self._serve(reader, writer)
        finally:
            self._writers.discard(writer)
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
            self._tasks.discard(task)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head, request = await read_request(reader)
        if request.path == "/ws/v1/live" and self.takes_sockets:
            await self._pass_on(head, request.headers, reader, writer)
            return
        self.requests.append(request)
        answer = self.answers.get((request.method, urlsplit(request.path).path)) or self._answer(request)
        writer.write(answer if isinstance(answer, bytes) else render(*answer))
        await writer.drain()
        self._stir()

    async def _pass_on(
        self,
        head: bytes,
        headers: dict[str, str],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        """Be the cable between a client and the websockets server, for who shows a fresh ticket."""
        _, ticket = headers["Sec-Websocket-Protocol"].split(", ")
        if ticket.removeprefix("ticket.") not in self.tickets:
            writer.write(render(403, {"code": "no-ticket", "detail": "No such ticket."}))
            return
        self.tickets.discard(ticket.removeprefix("ticket."))
        port = next(iter(self._sockets.sockets)).getsockname()[1]
        back, forth = await asyncio.open_connection("127.0.0.1", port)
        self._writers.add(forth)
        forth.write(head)
        await asyncio.gather(pump(reader, forth), pump(back, writer), return_exceptions=True)
        self._writers.discard(forth)

    def _answer(self, request: Request) -> Answer:
        url = urlsplit(request.path)
        if (request.method, url.path) == ("POST", "/api/v1/tokens"):
            if request.json["password"] != PASSWORD:
                return 401, {
                    "code": "wrong-credentials",
                    "detail": "The e-mail address or the password is wrong.",
                }
            return 201, {
                "token": "good",
                "expires_at": _AT,
                "person": {"id": "person-1", "name": "Maya Lind"},
            }
        if request.headers.get("Authorization") != "Bearer good":
            return 401, {"code": "not-authenticated", "detail": "This token has ended."}
        match request.method, url.path:
            case "POST", "/api/v1/tickets":
                self.tickets.add(f"t{len(self.requests)}")
                return 201, {"ticket": f"t{len(self.requests)}", "expires_at": _AT}
            case "DELETE", "/api/v1/tokens/current":
                return 204, None
            case "GET", "/api/v1/records":
                patient = {"id": "patient-1", "name": "Karin Holm"}
                return 200, {"results": [{"id": "record-1", "patient": patient}], "next": None}
            case "GET", "/api/v1/inbox":
                return self._inbox(parse_qs(url.query))
            case "POST", "/api/v1/inbox/receipts":
                return self._take_receipts(request.json)
        return 404, {"code": "not-found", "detail": "There is nothing here, or it is not yours to see."}

    def _inbox(self, query: dict[str, list[str]]) -> Answer:
        epoch, n = _split(query["after"][0]) if "after" in query else (self.epoch, 0)
        if epoch != self.epoch or n > len(self.events):
            return 409, {"code": "resync", "detail": "The installation was restored.", "cursor": self.cursor}
        rows = self.events[n:][: int(query.get("limit", ["100"])[0])]
        upto = rows[-1]["n"] if rows else n
        return 200, {"results": rows, "cursor": f"{self.epoch}.{upto}", "head": len(self.events), "open": 0}

    def _take_receipts(self, said: dict[str, Any]) -> Answer:
        for kind in ("seen", "acknowledge"):
            for index, n in enumerate(said.get(kind, [])):
                if n in self.refuses:
                    errors = [{"pointer": f"/{kind}/{index}", "detail": "It asks for an answer."}]
                    return 422, {
                        "code": "invalid-input",
                        "detail": "It asks for an answer.",
                        "errors": errors,
                    }
        return 200, {"results": self._receipts(said)}

    def _stir(self) -> None:
        self._change.set()
        self._change = asyncio.Event()


_AT = "2026-03-01T10:42:05+00:00"


def _split(cursor: str) -> tuple[str, int]:
    epoch, _, n = cursor.rpartition(".")
    return epoch, int(n)
