"""The writers: HTTP clients in one small process, each waiting for its answer before the next request.

One JSON command on stdin, one JSON answer on stdout. Every request carries `bench-<8 digits>` in its text, a number of
its own, so that whoever counts sockets knows it again, and an Idempotency-Key of its own. Neither Django nor CareHub.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from itertools import count
from random import Random
from typing import Any


class Writers:
    """`clients` connections that write to `targets` (path and headers) until the time or the number is reached."""

    def __init__(self, command: dict[str, Any]) -> None:
        self.port: int = command["port"]
        self.targets: list[tuple[str, str]] = [(path, headers) for path, headers in command["targets"]]
        self.body: dict[str, Any] = command["body"]
        self.numbers = count(command.get("first", 0))
        self.limit: int = command.get("count") or 1 << 60
        self.seconds: float = command.get("seconds") or 600.0
        self.rate: float = command.get("rate") or 0.0
        self.random = Random(command.get("seed", 1))
        self.statuses: dict[str, int] = {}
        self.latencies: list[float] = []
        self.answered = 0

    def request(self) -> bytes | None:
        """The next request; None when there is none left."""
        number = next(self.numbers)
        if number >= self.limit:
            return None
        path, headers = self.random.choice(self.targets)
        body = json.dumps(self.body | {"text": f"bench-{number:08d} {self.body.get('text', '')}"}).encode()
        lines = [
            f"POST {path} HTTP/1.1",
            f"Host: 127.0.0.1:{self.port}",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
            f"Idempotency-Key: bench-{number:012d}",
            headers,
        ]
        return ("\r\n".join(lines) + "\r\n\r\n").encode() + body

    async def write(self, until: float) -> None:
        """One client."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        while time.monotonic() < until and (request := self.request()):
            began = time.monotonic()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            await self._skip_body(reader, head)
            self.latencies.append(time.monotonic() - began)
            status = head[9:12].decode()
            self.statuses[status] = self.statuses.get(status, 0) + 1
            if b"onnection: close" in head:
                writer.close()
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.close()

    @staticmethod
    async def _skip_body(reader: asyncio.StreamReader, head: bytes) -> None:
        lowered = head.lower()
        place = lowered.find(b"content-length:")
        if place >= 0:
            await reader.readexactly(int(lowered[place + 15 : lowered.find(b"\r", place)]))
            return
        while size := int(await reader.readuntil(b"\r\n"), 16):
            await reader.readexactly(size + 2)
        await reader.readexactly(2)

    async def run(self, clients: int) -> dict[str, Any]:
        """All of them; returns counts, rate and latencies in milliseconds."""
        began, cpu = time.monotonic(), _cpu()
        await asyncio.gather(*(self.write(began + self.seconds) for _ in range(clients)))
        wall = time.monotonic() - began
        return {
            "statuses": self.statuses,
            "wall": wall,
            "per_second": self.statuses.get("201", 0) / wall,
            "milliseconds": [each * 1000 for each in self.latencies],
            "cpu": (_cpu() - cpu) / wall,
        }


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    asked = json.loads(sys.stdin.read())
    print(json.dumps(asyncio.run(Writers(asked).run(asked["clients"]))))
