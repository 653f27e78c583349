"""The task behind a live connection: hold a socket, reconnect, and meanwhile poll and report over HTTP."""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.typing import Subprotocol

from carehub.client.errors import LoginEnded, Problem, Unreachable
from carehub.client.frames import Cursor, Disconnected, Notice, Polled, Resync
from carehub.client.session import Session
from carehub.client.timing import Backoff, Pace, Timing

if TYPE_CHECKING:
    from carehub.client.http import CareHub

_PATH = "/ws/v1/live"
_PROTOCOL = Subprotocol("carehub.v1")
_SESSION_ENDED = 4001
_REASONS = {
    1008: "this client said too much, or the wrong thing first",
    1009: "this client sent a frame that is too large",
    1012: "the server restarts",
    1013: "this person has too many connections",
    4013: "the server waited too long for this client",
}
_PAGE = 100
_UNREAD_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class _Ended:
    """How an attempt at a socket ended; `wait` is what the server asked for, in seconds."""

    reason: str
    code: int | None = None
    http_answers: bool = True
    wait: float = 0.0


class _Direct(connect):
    """A handshake that follows no redirect: the ticket must not travel to where an answer points."""

    def process_redirect(self, exc: Exception) -> Exception:
        return exc


class Link:
    """Runs until cancelled or the server ends the session; `tell` gets every notice, in order."""

    def __init__(
        self, client: "CareHub", session: Session, timing: Timing, tell: Callable[[Notice | None], None]
    ) -> None:
        self._client = client
        self._session = session
        self._timing = timing
        self._tell = tell
        self._socket: ClientConnection | None = None
        self._poll_at: float | None = None
        self.tried = asyncio.Event()
        """Set when the first attempt has come to something."""

    async def run(self) -> None:
        """Never returns. Raises LoginEnded; Problem or BadAnswer when there is no talking to the server."""
        backoff = Backoff(self._timing.backoff)
        while True:
            began = _now()
            ended = await self._attempt()
            was_connected, self._session.connected = self._session.connected, False
            wait = max(ended.wait, backoff.wait(stood_for=_now() - began if was_connected else 0.0))
            until = _now() + wait
            if was_connected:
                self._poll_at = None
            elif ended.http_answers and self._poll_at is None:
                self._poll_at = _now()
            self._tell(Disconnected(ended.code, ended.reason, wait))
            await self._bridge(until)

    async def say_last(self) -> None:
        """Say what is left to say, as far as one second and the socket allow."""
        if self._socket is None or not self._session.settled.is_set():
            return
        with suppress(ConnectionClosed, TimeoutError):
            async with asyncio.timeout(1):
                while (frame := self._session.unconfirmed.take()) is not None:
                    await self._socket.send(json.dumps(frame))

    async def _attempt(self) -> _Ended:
        """Have one socket for as long as it lasts."""
        try:
            ticket = await self._client.ticket()
            self._socket = await self._connect(ticket)
        except Unreachable as error:
            return _Ended(str(error).rstrip("."), http_answers=False)
        except Problem as problem:
            return _Ended(problem.detail.rstrip("."), wait=_bear(problem))
        except InvalidStatus as error:
            return _Ended(f"the socket was refused with HTTP status {error.response.status_code}")
        except (WebSocketException, OSError) as error:
            return _Ended(f"the socket could not be opened: {error or type(error).__name__}")
        try:
            return await self._converse(self._socket)
        finally:
            socket, self._socket = self._socket, None
            await socket.close()

    async def _connect(self, ticket: str) -> ClientConnection:
        return await _Direct(
            self._client.address.socket_url(_PATH),
            subprotocols=[_PROTOCOL, Subprotocol(f"ticket.{ticket}")],
            ssl=self._client.tls,
            proxy=None,
            compression=None,
            open_timeout=self._timing.open_within,
            ping_interval=None,  # the server's heartbeat says more: a stuck server may still answer pings
            close_timeout=2,
            user_agent_header="carehub-client",
        )

    async def _converse(self, socket: ClientConnection) -> _Ended:
        speaker = asyncio.create_task(self._speak(socket))
        try:
            await socket.send(json.dumps({"kind": "resume", "cursor": self._session.begin()}))
            while (text := await self._receive(socket)) is not None:
                notice = self._session.hear(text)
                if isinstance(notice, Resync):
                    await socket.send(json.dumps({"kind": "resume", "cursor": notice.cursor}))
                if self._session.connected:
                    self.tried.set()
                self._tell(notice)
            return _Ended(f"nothing was heard for {self._timing.silence:g} s")
        except ConnectionClosed as closed:
            code, reason = (closed.rcvd.code, closed.rcvd.reason) if closed.rcvd else (None, "")
            if code == _SESSION_ENDED:
                raise LoginEnded(reason or "The server has ended this session; log in again.") from None
            return _Ended(reason or _REASONS.get(code or 0, "the connection broke"), code=code)
        finally:
            speaker.cancel()
            await asyncio.wait([speaker])

    async def _receive(self, socket: ClientConnection) -> str | bytes | None:
        """The next frame, None after too long a silence."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._timing.silence):
                return await socket.recv()
        return None

    async def _speak(self, socket: ClientConnection) -> None:
        pace = Pace(self._timing.spacing, _now)
        with suppress(ConnectionClosed):
            while True:
                await self._session.settled.wait()
                await asyncio.sleep(pace.delay)
                frame = self._session.unconfirmed.take()
                if frame is None:
                    await self._something_to_say(None)
                else:
                    pace.spend()
                    await socket.send(json.dumps(frame))

    async def _something_to_say(self, until: float | None) -> None:
        unconfirmed = self._session.unconfirmed
        unconfirmed.news.clear()
        times = [time for time in (until, unconfirmed.next_at) if time is not None]
        with suppress(TimeoutError):
            async with asyncio.timeout_at(min(times, default=None)):
                await unconfirmed.news.wait()

    async def _bridge(self, until: float) -> None:
        """Without a socket: poll when due and report what is to be said, until it is time to try again."""
        try:
            while (now := _now()) < until:
                if self._poll_at is not None and now >= self._poll_at:
                    self._poll_at = now + self._timing.poll_every
                    await self._poll()
                elif self._session.settled.is_set() and (frame := self._session.unconfirmed.take()):
                    await self._report(frame)
                else:
                    self.tried.set()
                    await self._something_to_say(min(until, self._poll_at or until))
        except Unreachable:
            self._session.unconfirmed.say_again()
        except Problem as problem:
            until += _bear(problem)
            self._session.unconfirmed.say_again()
        self.tried.set()
        await asyncio.sleep(until - _now())

    async def _poll(self) -> None:
        """Fetch what is new, page by page, as long as somebody takes it."""
        session = self._session
        if session.inbox.cursor is None:
            session.stand_at(await self._current())
        count = 0
        while len(session.inbox) < _UNREAD_LIMIT:
            before = session.inbox.arrived
            try:
                answer = await self._client.get(f"/api/v1/inbox?after={quote(str(before))}&limit={_PAGE}")
            except Problem as problem:
                if problem.code != "resync":
                    raise
                given = problem.document.get("cursor")
                cursor = Cursor.parse(given) if given else await self._current()
                self._tell(session.resync(cursor, problem.detail))
                break
            count += session.hear_page(answer.json)
            if session.inbox.arrived.n >= session.head or session.inbox.arrived == before:
                break
        session.polls += 1
        self._tell(Polled(count))

    async def _current(self) -> Cursor:
        """Where the inbox ends now."""
        page = await self._client.get("/api/v1/inbox?limit=1")
        return Cursor(Cursor.parse(page.member("cursor")).epoch, int(page.member("head")))

    async def _report(self, frame: dict[str, object]) -> None:
        """Say over HTTP what would have been one frame."""
        kind = str(frame["kind"])
        try:
            body = {kind: frame["n"]} | ({"above": frame["above"]} if "above" in frame else {})
            answer = await self._client.request("POST", "/api/v1/inbox/receipts", body)
        except Problem as problem:
            if problem.status not in (400, 404, 409, 422):
                raise
            pointer = problem.errors[0].get("pointer") if problem.errors else None
            refusal = {"code": problem.code, "detail": problem.detail, "pointer": pointer}
            self._tell(self._session.refused(kind, refusal))
            return
        for row in answer.member("results"):
            self._tell(self._session.confirmed(row))
        if kind != "received":
            self._session.unconfirmed.refuse_rest(kind, "it wants an answer, or is not in your inbox any more.")


def _bear(problem: Problem) -> float:
    """How long a passing refusal asks to wait, in seconds; raises what will not pass."""
    if problem.status == 401:
        raise LoginEnded(problem.detail) from problem
    if problem.status in (408, 425, 429) or problem.status >= 500:
        return min(60.0, problem.retry_after or 0.0)
    raise problem


def _now() -> float:
    return asyncio.get_running_loop().time()
