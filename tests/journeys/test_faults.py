"""What a team notices when parts die: a stopped Redis and a killed server cost seconds, never an event."""

import asyncio
import contextlib
import os
import signal
import time
import urllib.error

import psycopg
import pytest
import redis
import websockets

from tests.clients import Api, Socket, run
from tests.servers import Installation, wait_until

pytestmark = pytest.mark.slow

SECONDS_WITHOUT_HINTS = 7.0


def test_with_redis_stopped_a_write_on_one_server_is_seen_on_the_other_within_seven_seconds(
    house: Installation,
) -> None:
    one, two = house.web(), house.web()
    record = house.record_id()
    maya, ivan = Api.log_in(one.url, "Maya"), Api.log_in(two.url, "Ivan")
    valkey = house.servers.valkey.pid
    assert valkey is not None

    async def scenario() -> None:
        socket = await Socket.open(ivan)
        os.kill(valkey, signal.SIGSTOP)
        try:
            before = time.monotonic()
            answer = await asyncio.to_thread(maya.post, f"/records/{record}/messages", {"text": "Rosa called."})
            assert answer.status == 201
            assert time.monotonic() - before < 3.0, "a stopped Redis must not hold a write up"
            await socket.next("event", type="message.posted", seconds=SECONDS_WITHOUT_HINTS)
        finally:
            os.kill(valkey, signal.SIGCONT)

    run(scenario)
    house.verify()


def test_a_server_killed_between_commit_and_hint_loses_nothing(house: Installation) -> None:
    dying = house.web(environment={"CAREHUB_FAILPOINT": "after_commit:kill9"})
    living = house.web()
    record = house.record_id()
    ivan = Api.log_in(living.url, "Ivan")
    maya = Api.log_in(living.url, "Maya")

    async def scenario() -> None:
        socket = await Socket.open(ivan)
        doomed = Api(dying.url, maya.token)
        with contextlib.suppress(urllib.error.URLError, ConnectionError, OSError):
            await asyncio.to_thread(
                doomed.post, f"/records/{record}/messages", {"text": "Rosa called."}, Idempotency_Key="once"
            )
        wait_until(lambda: not dying.is_running(), 5)
        await socket.next("event", type="message.posted", seconds=SECONDS_WITHOUT_HINTS)

        # The client does not know whether its write happened, says it again elsewhere, and makes no second one.
        again = await asyncio.to_thread(
            maya.post, f"/records/{record}/messages", {"text": "Rosa called."}, Idempotency_Key="once"
        )
        assert again.status == 201

    run(scenario)
    assert house.rows("SELECT count(*) FROM messaging_message") == [(1,)]
    house.verify()


def test_redis_never_carries_more_than_ids(house: Installation) -> None:
    web = house.web()
    record = house.record_id()
    maya, ivan = Api.log_in(web.url, "Maya"), Api.log_in(web.url, "Ivan")
    heard: list[str] = []
    monitor = redis.Redis.from_url(house.servers.valkey.url).monitor()  # type: ignore[no-untyped-call]

    async def scenario() -> None:
        socket = await Socket.open(ivan)
        with monitor as commands:
            for text in ("CANARY-ONE", "CANARY-TWO"):
                answer = await asyncio.to_thread(maya.post, f"/records/{record}/messages", {"text": text})
                assert answer.status == 201
                frame = await socket.next("event", type="message.posted")
                await socket.send(kind="acknowledge", n=[frame["n"]])
                await socket.next("receipt", state="acknowledged")
            redis.Redis.from_url(house.servers.valkey.url).ping()
            while "PING" not in (command := await asyncio.to_thread(commands.next_command))["command"]:
                heard.append(command["command"])

    run(scenario)
    assert any("PUBLISH" in command and house.database in command for command in heard)
    assert not [command for command in heard if "CANARY" in command or "Rosa" in command or "Maya" in command]
    house.verify()


def test_a_server_that_restarts_says_so_to_its_sockets(house: Installation) -> None:
    web = house.web()
    maya = Api.log_in(web.url, "Maya")

    async def scenario() -> None:
        socket = await Socket.open(maya)
        await socket.next("head")
        web.popen.send_signal(signal.SIGTERM)
        with pytest.raises(websockets.ConnectionClosed) as closed:
            while True:
                await socket.connection.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1012

    run(scenario)


def test_a_record_that_is_locked_too_long_is_refused_and_leaves_no_text_in_the_log(house: Installation) -> None:
    web = house.web()
    maya, otto = Api.log_in(web.url, "Maya"), Api.log_in(web.url, "Otto")
    path = f"/records/{house.record_id()}/messages"
    url = house.servers.postgres.url("carehub_root", house.database)
    with psycopg.connect(url) as blocker:
        blocker.execute(
            "SELECT 1 FROM events_inbox i JOIN directory_person p ON p.id = i.person_id"
            " WHERE p.name = 'Ivan' FOR UPDATE"
        )
        refused = maya.post(path, {"text": "CANARY in a statement that fails"}, Idempotency_Key="locked")
        elsewhere = otto.post(f"/records/{house.record_id('Panic')}/messages", {"text": "Not held up"})
    assert (refused.status, refused.headers["Retry-After"], elsewhere.status) == (503, "2", 201)
    assert maya.post(path, {"text": "CANARY in a statement that fails"}, Idempotency_Key="locked").status == 201
    log = house.servers.postgres.log_path.read_text(errors="replace")
    assert "canceling statement due to lock timeout" in log
    assert "CANARY" not in log
    assert "CANARY" not in web.log.read_text()
