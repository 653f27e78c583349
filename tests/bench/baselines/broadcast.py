"""The least that a WebSocket server in Python does: `websockets.broadcast` to a team, fed by one Redis subscription.

`python -m tests.bench.baselines.broadcast PORT CHANNEL`. No log-in, no ledger, no encoding: bytes in, bytes out.
"""

import asyncio
import os
import sys
from collections import defaultdict
from http import HTTPStatus

import redis.asyncio
from websockets.asyncio.server import ServerConnection, broadcast, serve
from websockets.http11 import Request, Response

teams: dict[str, set[ServerConnection]] = defaultdict(set)


async def member(connection: ServerConnection) -> None:
    """Stay in the team that the path names until the socket closes."""
    assert connection.request is not None
    team = teams[connection.request.path.rpartition("/")[2]]
    team.add(connection)
    try:
        await connection.wait_closed()
    finally:
        team.discard(connection)


def live(connection: ServerConnection, request: Request) -> Response | None:
    """Answer the question whether it runs."""
    return connection.respond(HTTPStatus.OK, "ok") if request.path == "/livez" else None


async def main(port: int, channel: str) -> None:
    """Serve until killed."""
    async with (
        serve(member, "127.0.0.1", port, compression=None, process_request=live, ping_interval=None),
        redis.asyncio.Redis.from_url(os.environ["REDIS_URL"]) as client,
        client.pubsub(ignore_subscribe_messages=True) as pubsub,
    ):
        await pubsub.subscribe(channel)
        async for message in pubsub.listen():
            team, _, text = message["data"].partition(b" ")
            broadcast(teams[team.decode()], text.decode())


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
