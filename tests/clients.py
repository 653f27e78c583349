"""Scripted clients of the public interfaces, for tests."""

import asyncio
import json
import time
import urllib.request
from collections.abc import Callable, Coroutine
from typing import Any
from urllib.error import HTTPError
from uuid import uuid4

import websockets
from websockets.asyncio.client import ClientConnection, connect

from tests.cast import PASSWORD, email


class Answer:
    """Status, headers and body of one HTTP answer."""

    def __init__(self, status: int, headers: Any, body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self) -> Any:
        """The decoded body."""
        return json.loads(self.body)


class Api:
    """Plain HTTP with a bearer token; refusals are answers, not exceptions."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self.url, self.token = url, token

    @classmethod
    def log_in(cls, url: str, name: str, password: str = PASSWORD) -> "Api":
        """As one of the cast."""
        answer = cls(url).call("POST", "/tokens", {"email": email(name), "password": password})
        assert answer.status == 201, answer.body
        return cls(url, answer.json["token"])

    def call(self, method: str, path: str, body: Any = None, *, raw: bytes | None = None, **headers: str) -> Answer:
        """One request. Header names are given with underscores; care writes get a new Idempotency-Key unless given."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        data = raw if raw is not None else json.dumps(body).encode() if body is not None else None
        if data is not None:
            given.setdefault("Content-Type", "application/json")
            given.setdefault("Idempotency-Key", str(uuid4()))
        if self.token:
            given.setdefault("Authorization", f"Bearer {self.token}")
        request = urllib.request.Request(
            f"{self.url}/api/v1{path}",
            data=data,
            method=method,
            headers={k: v for k, v in given.items() if v},
        )
        try:
            with urllib.request.urlopen(request, timeout=15) as response:
                return Answer(response.status, response.headers, response.read())
        except HTTPError as error:
            return Answer(error.code, error.headers, error.read())

    def get(self, path: str) -> Answer:
        """GET."""
        return self.call("GET", path)

    def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        """POST."""
        return self.call("POST", path, body, raw=None, **headers)

    def ticket(self) -> str:
        """A socket ticket."""
        answer = self.call("POST", "/tickets")
        assert answer.status == 201, answer.body
        ticket: str = answer.json["ticket"]
        return ticket


_open: list["Socket"] = []


class Socket:
    """One raw live socket: frames as dictionaries."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.frames: list[dict[str, Any]] = []

    @classmethod
    async def open(cls, api: Api, *, cursor: str | None = None, resume: bool = True) -> "Socket":
        """Connect with a ticket, read hello, resume."""
        ticket = await asyncio.to_thread(api.ticket)
        connection = await connect(
            api.url.replace("http", "ws") + "/ws/v1/live",
            subprotocols=[websockets.Subprotocol("carehub.v1"), websockets.Subprotocol(f"ticket.{ticket}")],
        )
        socket = cls(connection)
        _open.append(socket)
        hello = await socket.next("hello")
        socket.cursor = f"{hello['epoch']}.{hello['n']}"
        if resume:
            await socket.send(kind="resume", cursor=cursor)
        return socket

    cursor: str = ""

    async def send(self, **frame: Any) -> None:
        """Send one frame."""
        await self.connection.send(json.dumps(frame))

    async def next(self, kind: str, *, seconds: float = 10, **fields: Any) -> dict[str, Any]:
        """The next frame of this kind whose fields (or the event's) match; others are kept in `frames`."""
        async with asyncio.timeout(seconds):
            while True:
                frame: dict[str, Any] = json.loads(await self.connection.recv())
                self.frames.append(frame)
                flat = frame | frame.get("event", {})
                if frame["kind"] == kind and all(flat.get(name) == value for name, value in fields.items()):
                    return frame

    async def close(self) -> None:
        """Close normally."""
        await self.connection.close()


def run(scenario: Callable[[], Coroutine[Any, Any, None]], seconds: float = 60) -> None:
    """Run a scenario to its end, or fail when it takes longer; sockets left open are closed."""

    async def bounded() -> None:
        async with asyncio.timeout(seconds):
            try:
                await scenario()
            finally:
                while _open:
                    await _open.pop().close()

    asyncio.run(bounded())


def elapsed(since: float) -> float:
    """Seconds since a `time.monotonic()`."""
    return time.monotonic() - since
