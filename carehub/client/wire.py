"""HTTP/1.1 over asyncio, as little as JSON needs: one connection for each request.

A connection of its own per request leaves nothing stale to be retried when a server was restarted, and a
request can be cancelled. Redirects are not followed: a token must not travel to where an answer points.
"""

import asyncio
import http.client
import io
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message
from urllib.parse import urlsplit

from carehub.client.errors import BadAnswer, Unreachable

_HEAD_LIMIT = 64 * 1024
_BODY_LIMIT = 32 * 1024 * 1024


@dataclass(frozen=True)
class Address:
    """Where a server is: the parts of its base URL. `prefix` has no slash at its end."""

    secure: bool
    host: str
    port: int
    prefix: str

    @classmethod
    def of(cls, base_url: str) -> "Address":
        """Read `http(s)://host[:port][/prefix]`; raises ValueError with a sentence for anything else."""
        try:
            parts = urlsplit(base_url)
            port = parts.port
        except ValueError:
            raise ValueError(f"{base_url!r} is not a URL; give one like http://127.0.0.1:8000") from None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{base_url!r} is not a web address; give one like http://127.0.0.1:8000")
        if parts.username is not None or parts.query or parts.fragment:
            raise ValueError(f"{base_url!r} must hold neither a name nor a query; give the bare address")
        secure = parts.scheme == "https"
        return cls(secure, parts.hostname, port or (443 if secure else 80), parts.path.rstrip("/"))

    @property
    def authority(self) -> str:
        """The value of the Host header; the scheme's own port is left out, as browsers do."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.secure else 80) else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The base URL, for people to read."""
        return f"{'https' if self.secure else 'http'}://{self.authority}{self.prefix}"

    def socket_url(self, path: str) -> str:
        """The ws(s) address of a path."""
        return f"{'wss' if self.secure else 'ws'}://{self.authority}{self.prefix}{path}"


async def exchange(
    address: Address,
    method: str,
    path: str,
    headers: Mapping[str, str],
    content: bytes,
    *,
    timeout: float,
    tls: ssl.SSLContext | None,
) -> tuple[int, Message, bytes]:
    """Send one request and read its answer: status, headers, body.

    `timeout` in seconds spans everything; `tls` is given exactly when the address is secure. Raises
    Unreachable when no whole answer came in time, BadAnswer when it is not HTTP.
    """
    lines = [f"{method} {address.prefix}{path} HTTP/1.1", f"Host: {address.authority}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if content or method not in ("GET", "DELETE"):
        lines.append(f"Content-Length: {len(content)}")
    if any(c in line for line in lines for c in "\r\n") or " " in path or not path.isascii():
        raise ValueError("A path or header holds a character that must be percent-encoded first.")
    request = "\r\n".join([*lines, "", ""]).encode("latin-1") + content
    try:
        async with asyncio.timeout(timeout):
            reader, writer = await asyncio.open_connection(address.host, address.port, ssl=tls, limit=_HEAD_LIMIT)
            try:
                writer.write(request)
                # A server may refuse a body before it has read it: its answer counts, not our broken pipe.
                with suppress(ConnectionError):
                    await writer.drain()
                return await _read_answer(reader)
            finally:
                # Not close(): a TLS peer that never says good-bye would cost us its whole shutdown time.
                writer.transport.abort()
                with suppress(OSError):
                    await writer.wait_closed()
    except TimeoutError:
        raise Unreachable(f"{address.url} did not answer within {timeout:g} s.") from None
    except asyncio.IncompleteReadError:
        raise Unreachable(f"{address.url} broke off before its answer was complete.") from None
    except OSError as error:
        raise Unreachable(f"{address.url} cannot be reached: {_cause(error)}.") from error


async def _read_answer(reader: asyncio.StreamReader) -> tuple[int, Message, bytes]:
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            first, _, rest = head.partition(b"\r\n")
            version, status, *_ = first.decode("latin-1").split(" ", 2)
            headers = http.client.parse_headers(io.BytesIO(rest))
            if not version.startswith("HTTP/1."):
                raise ValueError(version)
            if int(status) >= 200:
                return int(status), headers, await _read_body(reader, int(status), headers)
    except (ValueError, asyncio.LimitOverrunError, http.client.HTTPException):
        raise BadAnswer("What answers there does not speak HTTP/1.1; check the address.") from None


async def _read_body(reader: asyncio.StreamReader, status: int, headers: Message) -> bytes:
    if status in (204, 304):
        return b""
    if "chunked" in headers.get("Transfer-Encoding", "").lower():
        return await _read_chunks(reader)
    if (length := headers.get("Content-Length")) is not None:
        return await reader.readexactly(_within_limit(int(length)))
    body = bytearray()
    while part := await reader.read(_HEAD_LIMIT):
        body += part
        _within_limit(len(body))
    return bytes(body)


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    body = bytearray()
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        _within_limit(len(body) + size)
        body += await reader.readexactly(size)
        await reader.readexactly(2)
    return bytes(body)


def _within_limit(size: int) -> int:
    if not 0 <= size <= _BODY_LIMIT:
        raise BadAnswer(f"The answer is larger than {_BODY_LIMIT // 2**20} MiB; ask for less at once.")
    return size


def _cause(error: OSError) -> str:
    """In words what asyncio says with addresses and numbers."""
    if isinstance(error, ConnectionRefusedError) or "Connect call failed" in str(error):
        return "nothing answers at this address"
    return error.strerror or str(error) or type(error).__name__
