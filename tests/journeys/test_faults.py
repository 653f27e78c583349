"""What a team notices when parts die: a stopped Redis and a killed server cost seconds, never an event."""

import asyncio
import contextlib
import os
import signal
import time
import urllib.error
from datetime import timedelta

import psycopg
import pytest
import redis
import websockets

from tests.cast import PLAN
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
    one, two = house.web(), house.web()
    house.sweeper()
    house.worker()
    record = f"/records/{house.record_id()}"
    maya, paula, ivan = (Api.log_in(web.url, name) for web, name in ((one, "Maya"), (two, "Paula"), (two, "Ivan")))
    heard: list[str] = []
    monitor = redis.Redis.from_url(house.servers.valkey.url).monitor()  # type: ignore[no-untyped-call]
    plan = {"definition": {**PLAN, "title": "CANARY plan"}, "rationale": "CANARY why"}
    coding = {"system": "CANARY", "code": "CANARY", "display": "CANARY condition"}
    flag = {"coding": coding, "severity": "high", "note": "CANARY note", "question": "CANARY?"}

    async def scenario() -> None:
        socket = await Socket.open(ivan)
        with monitor as commands:
            for api, path, body, type in (
                (maya, f"{record}/plan/revisions", plan, "plan.revised"),
                (paula, f"{record}/flags", {**flag, "asked_roles": ["therapist"]}, "flag.raised"),
                (maya, f"{record}/messages", {"text": "CANARY message"}, "message.posted"),
            ):
                answer = await asyncio.to_thread(api.post, path, body, If_Match='"0"')
                assert answer.status == 201, answer.body
                frame = await socket.next("event", type=type)
                await socket.send(kind="acknowledge", n=[frame["n"]])
                await socket.next("receipt", state="acknowledged")
            flags = (await asyncio.to_thread(maya.get, f"{record}/flags")).json["results"]
            path = f"{record}/flags/{flags[0]['id']}/answers"
            answered = await asyncio.to_thread(maya.post, path, {"changes_plan": True, "text": "CANARY answer"})
            assert answered.status == 201
            house.advance(timedelta(days=2))  # mails and escalations go through the broker
            sent = "SELECT count(*) > 0 FROM delivery_dispatch WHERE state = 'sent'"
            await asyncio.to_thread(wait_until, lambda: house.rows(sent) == [(True,)], 60)
            redis.Redis.from_url(house.servers.valkey.url).echo("the end")
            while "the end" not in (command := await asyncio.to_thread(commands.next_command))["command"]:
                heard.append(command["command"])

    run(scenario, 120)
    assert any("PUBLISH" in command and house.database in command for command in heard)
    assert any("delivery.send_due" in command for command in heard)
    words = ("CANARY", "Rosa", "Maya", "Ivan", "Paula", "@example.test")
    assert not [command for command in heard if any(word in command for word in words)]


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
