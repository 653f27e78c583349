"""Sockets that were opened as they should be and then say and read nothing more: bad or dead clients."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from carehub.client import CareHub

FRAMES_TAKEN = 1
"""How many frames a deaf client lets in before it stops reading."""


async def open_deaf(client: CareHub) -> ClientConnection:
    """A socket that has resumed from now on; nobody reads it."""
    ticket = await client.ticket()
    socket = await connect(
        client.address.socket_url("/ws/v1/live"),
        subprotocols=[Subprotocol("carehub.v1"), Subprotocol(f"ticket.{ticket}")],
        proxy=None,
        compression=None,
        ping_interval=None,
        close_timeout=1,
        max_queue=FRAMES_TAKEN,
    )
    await socket.recv()
    await socket.send(json.dumps({"kind": "resume", "cursor": None}))
    return socket


async def hear_out(socket: ClientConnection) -> int | None:
    """Read what is left, and return the code with which it was closed; None when nobody said good-bye."""
    try:
        async with asyncio.timeout(10):
            while True:
                await socket.recv()
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else None
    except TimeoutError:
        return None


async def drop(sockets: Sequence[ClientConnection]) -> None:
    """Forget them without a word."""
    for socket in sockets:
        socket.transport.abort()
