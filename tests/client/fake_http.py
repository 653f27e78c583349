"""The bytes of HTTP, as far as a fake server needs them."""

import asyncio
import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Answer = tuple[int, Any] | tuple[int, Any, dict[str, str]]


async def read_request(reader: asyncio.StreamReader) -> tuple[bytes, Request]:
    """The head as it came, and the request that it begins."""
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    method, path, _ = first.split(" ")
    headers = {name.title(): value for name, _, value in (line.partition(": ") for line in lines if line)}
    body = await reader.readexactly(int(headers.get("Content-Length", "0")))
    return head, Request(method, path, headers, body)


def render(status: int, document: Any, headers: dict[str, str] | None = None) -> bytes:
    body = b"" if document is None else json.dumps(document).encode()
    kind = "application/json" if status < 400 else "application/problem+json"
    fields = {"Content-Type": kind, "Content-Length": str(len(body)), **(headers or {})}
    lines = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        *(f"{k}: {v}" for k, v in fields.items()),
        "",
        "",
    ]
    return "\r\n".join(lines).encode() + body


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()
