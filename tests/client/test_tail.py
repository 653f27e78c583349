"""`carehub tail` as people see it."""

import argparse
import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest

from carehub.cli import tail

from .fake_server import PASSWORD, FakeServer

pytestmark = pytest.mark.quick

ACCOUNTS = [
    {
        "email": "maya@demo.example",
        "password": PASSWORD,
        "name": "Maya Lind",
        "role": "therapist",
        "where": "Hollow",
    },
    {
        "email": "adler@demo.example",
        "password": PASSWORD,
        "name": "Dr Adler",
        "role": "psychiatrist",
        "where": "Oak",
    },
    {
        "email": "mats@demo.example",
        "password": PASSWORD,
        "name": "Mats Berg",
        "role": "nurse",
        "where": "Oak",
    },
]
AT = datetime(2026, 3, 1, 10, 42, 3, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CAREHUB_TOKEN", raising=False)
    monkeypatch.setenv("NO_COLOR", "1")


def given(scenario: Callable[[FakeServer], Awaitable[None]]) -> None:
    async def play() -> None:
        async with FakeServer() as server, asyncio.timeout(8):
            server.answers["GET", "/demo/accounts"] = (200, ACCOUNTS)
            await scenario(server)

    asyncio.run(play())


async def start(server: FakeServer, *options: str) -> asyncio.Task[int]:
    """Run tail on a thread of its own until it has resumed or ended."""
    parser = argparse.ArgumentParser()
    tail.add_arguments(parser)
    arguments = parser.parse_args(["--url", server.url, *options])
    task = asyncio.create_task(asyncio.to_thread(tail.run, arguments))
    resumed = asyncio.create_task(server.until(lambda: bool(server.resumed)))
    await asyncio.wait([task, resumed], return_when=asyncio.FIRST_COMPLETED)
    resumed.cancel()
    return task


def clock(moment: datetime) -> str:
    """The local time of day as tail writes it; the fixed day of the events is never today."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def test_prints_who_did_what_and_by_when_it_wants_an_answer(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAREHUB_TOKEN", "good")

    async def scenario(server: FakeServer) -> None:
        due = datetime.now(UTC).replace(microsecond=0)
        task = await start(server)
        await server.publish(due_at=due.isoformat(), at=due.isoformat())
        await server.publish(type="flag.raised", obligation="answer", priority="stat", due_at=due.isoformat())
        await server.publish(obligation="none", type="goal.rested", author=None)
        await server.publish(state="acknowledged", type="obligation.escalated")
        await server.publish(author={"id": "p", "name": "Evil\x1b[2J"}, obligation="inform", record_id=None)
        await server.until(lambda: server.said("received")[-1:] == [5])
        receipt = {"kind": "receipt", "event_id": "event-3", "n": None, "state": "acknowledged"}
        await server.send(receipt | {"person_id": "person-2", "at": AT.isoformat()})
        await server.send(receipt | {"person_id": "person-x77777", "at": AT.isoformat(), "state": "handed_over"})
        await server.drop(4001, "You logged out.")
        assert await task == 1

        out, err = capsys.readouterr()
        today = due.astimezone().strftime("%H:%M")
        first, *rest = out.splitlines()
        assert first.endswith(
            f":{due:%S}  Karin Holm: Dr Adler revised the treatment plan  [acknowledge by {today}]  (n=1)"
        )
        assert rest == [
            f"{clock(AT)}  Karin Holm: Dr Adler raised a medical flag  [now]  [answer by {today}]  (n=2)",
            f"{clock(AT)}  Karin Holm: CareHub: goal rested  (n=3)",
            f"{clock(AT)}  Karin Holm: Somebody has not answered in time  [acknowledged]  (n=4)",
            f"{clock(AT)}  Evil�[2J revised the treatment plan  (n=5)",
            f"{clock(AT)}    acknowledged by Dr Adler (n=3)",
            f"{clock(AT)}    handed over by person …x77777 (n=3)",
        ]
        assert "connected to fake; open obligations: 0" in err
        assert "You logged out. CAREHUB_TOKEN is wrong or has ended" in err
        assert "\x1b" not in out + err
        assert [r.path for r in server.asked("/api/v1/records")] == ["/api/v1/records"]

    given(scenario)


def test_acknowledges_what_asks_for_it_and_marks_the_rest_as_seen(capsys: pytest.CaptureFixture[str]) -> None:
    async def scenario(server: FakeServer) -> None:
        await server.publish()
        await server.publish(obligation="answer")
        await server.publish(state="acknowledged")

        task = await start(server, "--as", "maya", "--ack", "--from", "start")
        await server.until(lambda: sum(map(len, server.said("seen"))) == 2)
        await server.until(lambda: server.said("acknowledge") == [[1]])
        await server.drop(4001)
        assert await task == 1

        assert server.said("resume") == ["e1.0"]
        assert "acknowledged: confirmed (n=1)" in capsys.readouterr().out

    given(scenario)


def test_logs_in_as_a_demo_person_and_out_again() -> None:
    async def scenario(server: FakeServer) -> None:
        task = await start(server, "--as", "MAYA")
        await server.drop(4001)
        await task

        assert server.asked("/api/v1/tokens")[0].json == {"email": "maya@demo.example", "password": PASSWORD}
        assert server.requests[-1].path == "/api/v1/tokens/current"

    given(scenario)


def test_asks_for_address_and_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builtins.input", lambda: "a@b.example")
    monkeypatch.setattr("getpass.getpass", lambda prompt: PASSWORD)

    async def scenario(server: FakeServer) -> None:
        task = await start(server, "--from", "e1.0")
        await server.drop(4001)
        await task

        assert server.asked("/api/v1/tokens")[0].json == {"email": "a@b.example", "password": PASSWORD}

    given(scenario)


def test_writes_json_when_asked(capsys: pytest.CaptureFixture[str]) -> None:
    async def scenario(server: FakeServer) -> None:
        task = await start(server, "--as", "adler@demo.example", "--json")
        await server.publish()
        await server.send({"kind": "head", "n": 1, "open": 1})
        await server.until(lambda: server.said("received") == [1])
        await server.drop(4001)
        await task

        hello, event = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert (hello["kind"], hello["server"]) == ("connected", "fake")
        assert event == {"kind": "event", **server.events[0]}

    given(scenario)


def test_says_that_the_connection_is_gone_and_back(capsys: pytest.CaptureFixture[str]) -> None:
    async def scenario(server: FakeServer) -> None:
        task = await start(server, "--as", "maya")
        await server.drop(1012, "restarting")
        await server.until(lambda: bool(server.resumed))
        await server.drop(4001)
        await task

        err = capsys.readouterr().err
        assert re.search(r"not connected \(restarting\); next attempt in 0\.\d s", err)
        assert err.count("connected to fake") == 2

    given(scenario)


@pytest.mark.parametrize(
    ("options", "code", "sentence"),
    [
        (
            ["--as", "nils"],
            2,
            "'nils' is nobody of this demo. There is:\n  maya@demo.example  Maya Lind, therapist, Hollow",
        ),
        (["--as", "ma"], 2, "'ma' is several people of this demo. There is:\n  maya@demo.example"),
        (["--from", "seventeen"], 2, "--from takes a cursor"),
        (["--url", "localhost"], 2, "--url: 'localhost' is not a web address"),
        (
            ["--url", "http://127.0.0.1:1", "--as", "maya"],
            1,
            "nothing answers at this address. Start the server",
        ),
    ],
)
def test_says_what_is_wrong(options: list[str], code: int, sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    async def scenario(server: FakeServer) -> None:
        assert await (await start(server, *options)) == code
        assert sentence in capsys.readouterr().err

    given(scenario)


def test_says_that_the_password_is_wrong(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builtins.input", lambda: "a@b.example")
    monkeypatch.setattr("getpass.getpass", lambda prompt: "wrong")

    async def scenario(server: FakeServer) -> None:
        assert await (await start(server)) == 1
        said = "E-mail: carehub tail: The e-mail address or the password is wrong.\n"
        assert capsys.readouterr().err == said

    given(scenario)


def test_says_that_the_token_has_ended(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAREHUB_TOKEN", "old")

    async def scenario(server: FakeServer) -> None:
        assert await (await start(server)) == 1
        assert "This token has ended. CAREHUB_TOKEN is wrong or has ended" in capsys.readouterr().err

    given(scenario)


def test_says_that_as_is_for_the_demo(capsys: pytest.CaptureFixture[str]) -> None:
    async def scenario(server: FakeServer) -> None:
        server.answers["GET", "/demo/accounts"] = (404, {"code": "not-found", "detail": "Nothing."})

        assert await (await start(server, "--as", "maya")) == 2
        assert "is no demo installation" in capsys.readouterr().err

    given(scenario)


def test_says_so_when_nobody_can_be_asked(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise EOFError

    monkeypatch.setattr("builtins.input", nobody)

    async def scenario(server: FakeServer) -> None:
        assert await (await start(server)) == 2
        assert "set CAREHUB_TOKEN" in capsys.readouterr().err

    given(scenario)


@pytest.mark.parametrize("token", ["good", None])
def test_ctrl_c_ends_it_cleanly(token: str | None) -> None:
    async def scenario(server: FakeServer) -> None:
        program = "import sys; from carehub.cli import tail; import argparse; p = argparse.ArgumentParser()\n"
        program += "tail.add_arguments(p); sys.exit(tail.run(p.parse_args()))"
        who = ["--as", "maya"] if token is None else []
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-c", program, "--url", server.url, *who),
            env={**os.environ, "CAREHUB_TOKEN": token or ""},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        await server.until(lambda: bool(server.resumed))
        await server.publish()
        await server.until(lambda: server.said("received") == [1])
        process.send_signal(signal.SIGINT)
        out, err = await process.communicate()

        assert process.returncode == 0, err.decode()
        assert b"(n=1)" in out
        assert b"Traceback" not in err
        logged_out = bool(server.asked("/api/v1/tokens/current"))
        assert logged_out is (token is None)

    given(scenario)
