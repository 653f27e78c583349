"""The load generator: many sockets in one small process, which counts frames and notes when each event arrived.

It takes one JSON command a line on stdin and answers each with one line on stdout. `mode` of `connect` says whom it
talks to: "carehub" (resumes, waits for `head`), "naive" and "broadcast" (live once the handshake is done), "redis"
(RESP, SUBSCRIBE). Events are known by `bench-<8 digits>` in their text. It imports neither Django nor CareHub.
"""

from __future__ import annotations

import array
import asyncio
import base64
import json
import mmap
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

MARKER = b"bench-"
LIVE = b'"kind":"head"'


def masked(text: bytes) -> bytes:
    """One client's text frame, masked with zeros: legal, and costs nothing."""
    size = len(text)
    head = bytes([0x81, 0x80 | size]) if size < 126 else bytes([0x81, 0xFE]) + size.to_bytes(2, "big")
    return head + b"\0\0\0\0" + text


class Tally:
    """What all sockets of this process have got since the last `mark`."""

    def __init__(self, counter: str) -> None:
        Path(counter).write_bytes(bytes(16))
        with open(counter, "r+b") as file:
            self.shared = mmap.mmap(file.fileno(), 16)
        self.mark()

    def mark(self) -> None:
        """Begin anew."""
        self.sockets, self.marks, self.times = array.array("l"), array.array("l"), array.array("d")
        self.bytes = 0
        self.cpu, self.began = _cpu(), time.monotonic()
        self.share()

    def share(self) -> None:
        """Let the driver see how many have arrived."""
        self.shared[:8] = len(self.marks).to_bytes(8, "little")

    def report(self, path: str) -> dict[str, Any]:
        """Write socket, mark and time of each arrival to a file; the sum as an answer."""
        with open(path, "wb") as file:
            for column in (self.sockets, self.marks, self.times):
                column.tofile(file)
        wall = time.monotonic() - self.began
        return {"frames": len(self.marks), "bytes": self.bytes, "cpu": (_cpu() - self.cpu) / wall, "wall": wall}


class Socket(asyncio.Protocol):
    """One connection. `slot` is its place in the list that the driver gave."""

    def __init__(self, load: Load, slot: int, hello: bytes, is_carehub: bool) -> None:
        self.load, self.slot, self.hello, self.is_carehub = load, slot, hello, is_carehub
        self.buffer = b""
        self.began = time.monotonic()
        self.is_open = self.is_live = False
        self.got = self.highest = 0
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self.hello)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.load.is_closing:
            self.load.lost += 1
            self.load.settle(self, is_live=False)

    def data_received(self, data: bytes) -> None:
        buffer = self.buffer + data if self.buffer else data
        place = 0
        if not self.is_open:
            end = buffer.find(b"\r\n\r\n")
            if end < 0:
                self.buffer = buffer
                return
            if b" 101 " not in buffer[:32]:
                self.load.refusal = buffer[:80].decode("latin-1")
                self.load.settle(self, is_live=False)
                return
            self.is_open = True
            place = end + 4
            self._opened()
        self.buffer = self._frames(buffer, place)

    def _opened(self) -> None:
        if self.is_carehub:
            assert self.transport is not None
            self.transport.write(masked(b'{"kind":"resume","cursor":null}'))
        else:
            self.load.settle(self, is_live=True)

    def _frames(self, buffer: bytes, place: int) -> bytes:
        """Take whole frames; returns what is left."""
        tally, now, size = self.load.tally, time.time(), len(buffer)
        before = len(tally.marks)
        while size - place >= 2:
            length, start = buffer[place + 1], place + 2
            if length == 126:
                length, start = int.from_bytes(buffer[place + 2 : place + 4], "big"), place + 4
            elif length == 127:
                length, start = int.from_bytes(buffer[place + 2 : place + 10], "big"), place + 10
            end = start + length
            if end > size or start > size:
                break
            mark = buffer.find(MARKER, start, end)
            if mark >= 0:
                tally.sockets.append(self.slot)
                tally.marks.append(int(buffer[mark + 6 : mark + 14]))
                tally.times.append(now)
                self.got += 1
                if self.load.answers:
                    self._answer(buffer, start, end)
            elif not self.is_live and buffer.find(LIVE, start, end) >= 0:
                self.load.settle(self, is_live=True)
            elif buffer[place] & 15 == 9:
                self._pong(buffer[start:end])
            place = end
        tally.bytes += size
        if len(tally.marks) != before:
            tally.share()
        return buffer[place:]

    def _answer(self, buffer: bytes, start: int, end: int) -> None:
        assert self.transport is not None
        if not self.is_carehub:
            if self.load.acknowledges:
                mark = buffer.find(b'"id": ', start, end)
                number = buffer[mark + 6 : buffer.find(b",", mark)]
                self.transport.write(masked(b'{"kind": "acknowledge", "id": ' + number + b"}"))
            return
        mark = buffer.find(b'"n":', start, end) + 4
        n = buffer[mark : buffer.find(b",", mark)]
        if self.load.acknowledges and buffer.find(b'"obligation":"acknowledge"', start, end) >= 0:
            self.transport.write(masked(b'{"kind":"acknowledge","n":[' + n + b"]}"))
        if self.got % self.load.received_every == 0:
            self.transport.write(masked(b'{"kind":"received","n":' + n + b"}"))

    def _pong(self, payload: bytes) -> None:
        if self.transport is not None:
            self.transport.write(bytes([0x8A, 0x80 | len(payload)]) + b"\0\0\0\0" + payload)


class Subscriber(asyncio.Protocol):
    """One Redis connection that subscribes to one channel and counts."""

    def __init__(self, load: Load, slot: int, hello: bytes) -> None:
        self.load, self.slot, self.hello = load, slot, hello
        self.is_live = False
        self.began = time.monotonic()
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self.hello)

    def data_received(self, data: bytes) -> None:
        tally, now = self.load.tally, time.time()
        if not self.is_live and b"subscribe" in data:
            self.load.settle(self, is_live=True)
        mark = data.find(MARKER)
        while mark >= 0:
            if len(data) >= mark + 14:
                tally.sockets.append(self.slot)
                tally.marks.append(int(data[mark + 6 : mark + 14]))
                tally.times.append(now)
            mark = data.find(MARKER, mark + 14)
        tally.share()


class Load:
    """All sockets, and the commands that the driver gives."""

    def __init__(self, counter: str) -> None:
        self.tally = Tally(counter)
        self.sockets: list[Socket | Subscriber] = []
        self.lost = 0
        self.refusal = ""
        self.is_closing = False
        self.received_every, self.acknowledges, self.answers = 1 << 60, False, False
        self._waiting: dict[Socket | Subscriber, asyncio.Future[float | None]] = {}

    def settle(self, socket: Socket | Subscriber, *, is_live: bool) -> None:
        """This socket is live, or will never be."""
        socket.is_live = is_live
        waiting = self._waiting.pop(socket, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(time.monotonic() - socket.began if is_live else None)

    async def connect(self, command: dict[str, Any]) -> dict[str, Any]:
        """Open a socket for each header block; at once, or `width` at a time."""
        self.is_closing, self.lost, self.refusal = False, 0, ""
        self.received_every = command.get("received_every") or 1 << 60
        self.acknowledges = bool(command.get("acknowledges"))
        self.answers = self.acknowledges or self.received_every < 1 << 60
        gate = asyncio.Semaphore(command["width"])
        began = time.monotonic()
        seconds = await asyncio.gather(
            *(self._one(command, slot, header, gate) for slot, header in enumerate(command["headers"]))
        )
        return {
            "connected": sum(each is not None for each in seconds),
            "failed": sum(each is None for each in seconds),
            "seconds": [each for each in seconds if each is not None],
            "wall": time.monotonic() - began,
            "refusal": self.refusal,
        }

    async def _one(self, command: dict[str, Any], slot: int, header: str, gate: asyncio.Semaphore) -> float | None:
        loop = asyncio.get_running_loop()
        mode, port = command["mode"], command["port"]
        async with gate:
            socket: Socket | Subscriber
            if mode == "redis":
                socket = Subscriber(self, slot, header.encode())
            else:
                socket = Socket(self, slot, _handshake(header, port), mode == "carehub")
            waiting: asyncio.Future[float | None] = loop.create_future()
            self._waiting[socket] = waiting
            self.sockets.append(socket)
            try:
                async with asyncio.timeout(command.get("seconds", 60)):
                    await loop.create_connection(lambda: socket, "127.0.0.1", port)
                    return await waiting
            except (OSError, TimeoutError):
                return None

    def close(self) -> dict[str, Any]:
        """Drop every socket."""
        self.is_closing = True
        for socket in self.sockets:
            if socket.transport is not None:
                socket.transport.abort()
        self.sockets = []
        return {}

    def pause(self, slot: int) -> dict[str, Any]:
        """Stop reading one socket."""
        transport = self.sockets[slot].transport
        assert transport is not None
        transport.pause_reading()
        return {}

    async def obey(self, command: dict[str, Any]) -> dict[str, Any]:
        """Do what one line says."""
        match command["do"]:
            case "connect":
                return await self.connect(command)
            case "mark":
                self.tally.mark()
                return {}
            case "report":
                return self.tally.report(command["path"]) | {"lost": self.lost}
            case "pause":
                return self.pause(command["slot"])
            case _:
                return self.close()


def _handshake(header: str, port: int) -> bytes:
    path, _, rest = header.partition("\n")
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        f"Origin: http://127.0.0.1:{port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}",
        "Sec-WebSocket-Version: 13",
    ]
    return "\r\n".join([*lines, *filter(None, rest.split("\n")), "", ""]).encode()


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def main(counter: str) -> None:
    """Obey the lines of stdin until it ends."""
    load = Load(counter)
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader(limit=1 << 26)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := await lines.readline():
        answer = await load.obey(json.loads(line))
        print(json.dumps(answer), flush=True)
    load.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
