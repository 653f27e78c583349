"""Providers that misbehave on demand: an SMTP and an HTTP server on loopback that keep what they were sent.

`SmtpSink().behave("hang")` changes what the next messages meet. What a provider took stands in `got`; what it then
really brought to somebody stands in `arrived`: nothing of what it accepted and dropped, everything twice of what it
duplicated.
"""

from __future__ import annotations

import http.server
import json
import re
import socketserver
import threading
from dataclasses import dataclass
from typing import Any, Literal, Self

from carehub.standalone.servers import LOOPBACK

Behaviour = Literal["accept", "drop", "duplicate", "fail", "busy", "refuse", "hang", "trickle", "redirect"]
"""accept; accept and drop; accept and bring it twice; an error that passes; 429 with Retry-After (SMTP: 4xx for this
address); an error that stays; no answer; an answer that never ends; to another address (HTTP only)."""

_HANGS_AT_MOST = 120.0


@dataclass(frozen=True, slots=True)
class Sent:
    """One message as a provider took it: the key that it came under, to whom, and everything that was said."""

    key: str
    to: str
    text: str
    headers: dict[str, str]


class Sink:
    """What both have in common. Enter it to listen; leaving releases whoever still hangs."""

    _server: socketserver.BaseServer

    def __init__(self) -> None:
        self.behaviour: Behaviour = "accept"
        self.retry_after = "120"
        self.asked = 0
        self.got: list[Sent] = []
        self.arrived: list[Sent] = []
        self.over = threading.Event()
        self._changed = threading.Condition()

    @property
    def port(self) -> int:
        """Where it listens."""
        address: Any = self._server.server_address
        return int(address[1])

    def behave(self, behaviour: Behaviour) -> None:
        """From now on."""
        self.behaviour = behaviour

    def was_asked(self) -> None:
        """Somebody began to send."""
        with self._changed:
            self.asked += 1
            self._changed.notify_all()

    def take(self, sent: Sent) -> None:
        """Keep a message, and bring it as this sink now does."""
        with self._changed:
            self.got.append(sent)
            self.arrived += [sent] * {"drop": 0, "duplicate": 2}.get(self.behaviour, 1)
            self._changed.notify_all()

    def hang(self) -> None:
        """Say nothing until the sink is closed."""
        self.over.wait(_HANGS_AT_MOST)

    def await_(self, *, asked: int = 0, got: int = 0, seconds: float = 10) -> bool:
        """Whether so many were begun, or taken, in time."""
        with self._changed:
            return self._changed.wait_for(lambda: self.asked >= asked and len(self.got) >= got, seconds)

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()


class HttpSink(Sink):
    """A gateway's provider at `url`. `redirects` counts those who followed one, `keys` are those of every request."""

    def __init__(self, tls: Any = None) -> None:
        super().__init__()
        self.redirects = 0
        self.keys: list[str] = []
        server = http.server.ThreadingHTTPServer((LOOPBACK, 0), type("Handler", (_HttpHandler,), {"sink": self}))
        server.daemon_threads = True
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        self._server = server

    @property
    def url(self) -> str:
        """Where it takes webhooks."""
        return f"http://{LOOPBACK}:{self.port}/notices"


class _HttpHandler(http.server.BaseHTTPRequestHandler):
    sink: HttpSink
    STATUS = {"fail": 500, "busy": 429, "refuse": 404, "redirect": 307}

    def do_POST(self) -> None:
        """Take one webhook."""
        sink = self.sink
        if self.path.startswith("/redirected"):
            sink.redirects += 1
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        sink.keys.append(self.headers.get("webhook-id", ""))
        sink.was_asked()
        if sink.behaviour == "hang":
            return sink.hang()
        if sink.behaviour == "trickle":
            return self._trickle()
        status = self.STATUS.get(sink.behaviour, 200)
        if status == 200:
            headers = {name.lower(): value for name, value in self.headers.items()}
            told = json.loads(body)
            sink.take(Sent(headers["webhook-id"], told["to"], body.decode(), headers))
        self.send_response(status)
        if status == 429:
            self.send_header("Retry-After", sink.retry_after)
        if status == 307:
            self.send_header("Location", f"http://{LOOPBACK}:{sink.port}/redirected")
        self.send_header("Content-Length", "0")
        self.end_headers()
        return None

    def _trickle(self) -> None:
        """One byte of a header each half second: no time-out that begins anew with each byte ever ends this."""
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not self.sink.over.wait(0.5):
            try:
                self.wfile.write(b"x")
            except OSError:
                return

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


class SmtpSink(Sink):
    """A mail server. `url` is what EMAIL_URL takes."""

    def __init__(self) -> None:
        super().__init__()
        self._server = _SmtpServer((LOOPBACK, 0), type("Handler", (_SmtpHandler,), {"sink": self}))

    @property
    def url(self) -> str:
        """As EMAIL_URL."""
        return f"smtp://{LOOPBACK}:{self.port}"


class _SmtpServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


class _SmtpHandler(socketserver.StreamRequestHandler):
    sink: SmtpSink

    def handle(self) -> None:
        """One session."""
        self.sink.was_asked()
        if self.sink.behaviour == "hang":
            return self.sink.hang()
        if self.sink.behaviour == "fail":
            return self._say("421 4.3.0 no service now")
        self._say("220 sink")
        try:
            self._converse()
        except OSError:
            return None
        return None

    def _converse(self) -> None:
        to = ""
        while line := self.rfile.readline(2048).decode(errors="replace").strip():
            match line[:4].upper():
                case "RCPT":
                    to = line.partition("<")[2].partition(">")[0]
                    self._say({"refuse": "550 5.1.1 nobody here", "busy": "450 4.2.1 later"}.get(self._now, "250 ok"))
                case "DATA":
                    self._say("354 go on")
                    self._take(to)
                case "QUIT":
                    self._say("221 bye")
                    return
                case _:
                    self._say("250 ok")

    @property
    def _now(self) -> str:
        return self.sink.behaviour

    def _take(self, to: str) -> None:
        lines = []
        while (line := self.rfile.readline(4096).decode(errors="replace").rstrip("\r\n")) != ".":
            lines.append(line)
        text = "\n".join(lines)
        if self._now == "trickle":
            return self.sink.hang()
        found = re.search(r"^Message-ID: <(\S+)@carehub>$", text, re.MULTILINE)
        self.sink.take(Sent(found[1] if found else "", to, text, {}))
        return self._say("250 taken")

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())
