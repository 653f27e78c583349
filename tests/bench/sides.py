"""The two or three sides of a fan-out: how one event is sent on each, and how its sockets log in."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import msgpack
import redis

from .generator import Generator
from .ground import Ground, House, Naive
from .ledger import PreparedLedger
from .seeding import Teams, cookie_of

Send = Callable[[int], float]
"""Sends batch k and returns the wall-clock time from which its latency counts."""

TEXT = 200


@dataclass
class Side:
    """One program under test. `stage` prepares so many events for each team and returns the number of batches."""

    name: str
    mode: str
    port: int
    pids: list[int]
    headers: list[str]
    fanout: int
    stage: Callable[[int], int]
    send: Send
    notes: dict[str, float] = field(default_factory=dict)

    def connect(self, generator: Generator, **more: Any) -> None:
        """All sockets, live. Raises RuntimeError when one stays out."""
        said = generator.connect(self.mode, self.port, self.headers, **more)
        if said["failed"]:
            raise RuntimeError(f"{self.name}: {said['failed']} of {len(self.headers)} stayed out: {said['refusal']}")


def carehub_headers(teams: Teams) -> list[str]:
    """A header block for each person."""
    common = "/ws/v1/live\nSec-WebSocket-Protocol: carehub.v1\nCookie: "
    return [common + cookie_of(person) for person in range(teams.people)]


def naive_headers(teams: Teams) -> list[str]:
    """The same for the tutorial's chat."""
    return [f"/ws/chat\nCookie: naive_session=bench{person:027d}" for person in range(teams.people)]


def content(team: int, mark: int, text: int = TEXT) -> dict[str, object]:
    """An event of the tutorial's chat, as large as CareHub's frame."""
    return {
        "kind": "event",
        "id": mark + 1,
        "team": f"01990000-0002-7000-8000-{team:012d}",
        "type": "message.posted",
        "at": "2026-01-01T00:00:00.000000+00:00",
        "author": {"id": f"01990000-0001-7000-8000-{team:012d}", "name": f"Person {team}"},
        "message_id": f"01990000-0005-7000-8000-{mark:012d}",
        "thread_id": f"01990000-0006-7000-8000-{team:012d}",
        "mentioned_ids": [],
        "mentioned_roles": [],
        "asks_acknowledgement": False,
        "priority": "routine",
        "topic": "",
        "ground": "role",
        "due_at": None,
        "state": "pending",
        "obligation": "inform",
        "text": f"bench-{mark:08d} " + "x" * text,
    }


@contextmanager
def carehub_side(
    house: House, name: str, port: int, pids: list[int], *, per_batch: int, text: int = TEXT, is_aged: bool = True
) -> Iterator[Side]:
    """CareHub on one server of this house; its rows are moved in by the driver, above some that are old."""
    with house.superuser() as connection:
        ledger = PreparedLedger(connection, house.redis, house.channel, house.teams, per_batch)
        if is_aged:
            ledger.age()
        yield Side(
            name,
            "carehub",
            port,
            pids,
            carehub_headers(house.teams),
            ledger.fanout,
            lambda events: ledger.stage(events, text=text),
            ledger.move,
        )


def naive_side(naive: Naive, teams: Teams, *, per_batch: int) -> Side:
    """The tutorial's chat: what group_send publishes, without the consumer that would call it."""
    client = redis.Redis.from_url(naive.cluster.valkey.url)
    batches = -(-teams.count // per_batch)

    def send(batch: int) -> float:
        at = time.time()
        first = batch % batches * per_batch
        for team in range(first, min(first + per_batch, teams.count)):
            event = {"type": "chat.message", "content": content(team, batch)}
            client.publish(f"{naive.database}__group__team_{team + 1}", msgpack.packb(event))
        return at

    pids = [naive.server.popen.pid]
    headers = naive_headers(teams)
    return Side("naive", "naive", naive.server.port, pids, headers, per_batch * teams.size, lambda e: e * batches, send)


@contextmanager
def broadcast_side(ground: Ground, teams: Teams, *, per_batch: int) -> Iterator[Side]:
    """Bare websockets: the text is encoded once by the driver."""
    batches = -(-teams.count // per_batch)
    client = redis.Redis.from_url(ground.cluster.valkey.url)
    headers = [f"/team/{person // teams.size}" for person in range(teams.people)]
    with ground.broadcast("bench-broadcast") as server:

        def send(batch: int) -> float:
            at = time.time()
            first = batch % batches * per_batch
            for team in range(first, min(first + per_batch, teams.count)):
                client.publish("bench-broadcast", f"{team} {json.dumps(content(team, batch))}")
            return at

        yield Side(
            "websockets",
            "broadcast",
            server.port,
            [server.popen.pid],
            headers,
            per_batch * teams.size,
            lambda events: events * batches,
            send,
        )


def redis_side(ground: Ground, teams: Teams) -> Side:
    """Raw Redis pub/sub: each socket subscribes to its team's channel; nobody stands between."""
    valkey = ground.cluster.valkey
    client = redis.Redis.from_url(valkey.url)
    password = valkey.secrets.get("default")
    pid = valkey.pid
    assert pid is not None

    def send(batch: int) -> float:
        at = time.time()
        team = batch % teams.count
        client.publish(f"raw-{team}", json.dumps(content(team, batch)))
        return at

    headers = [f"AUTH {password}\r\nSUBSCRIBE raw-{person // teams.size}\r\n" for person in range(teams.people)]
    return Side("redis", "redis", valkey.port, [pid], headers, teams.size, lambda events: events * teams.count, send)


@contextmanager
def fan_out_sides(
    ground: Ground, teams: Teams, names: tuple[str, ...], *, per_batch: int, applications: dict[str, str] | None = None
) -> Iterator[list[Side]]:
    """The named sides, all running; `applications` are CareHub's variants by name."""
    with ExitStack() as stack:
        sides: list[Side] = []
        for name in names:
            if name == "naive":
                sides.append(naive_side(stack.enter_context(ground.naive(teams)), teams, per_batch=per_batch))
            elif name == "websockets":
                sides.append(stack.enter_context(broadcast_side(ground, teams, per_batch=per_batch)))
            elif name == "redis":
                sides.append(redis_side(ground, teams))
            else:
                house = stack.enter_context(ground.house(teams))
                server = (
                    house.uvicorn()
                    if name == "uvicorn"
                    else house.daphne(*filter(None, [(applications or {}).get(name)]))
                )
                pids = [server.popen.pid]
                sides.append(stack.enter_context(carehub_side(house, name, server.port, pids, per_batch=per_batch)))
        yield sides
