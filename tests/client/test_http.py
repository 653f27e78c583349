"""The client's HTTP side."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from carehub.client import BadAnswer, CareHub, Problem, Unreachable

from .fake_server import PASSWORD, FakeServer

pytestmark = pytest.mark.quick


def given(scenario: Callable[[FakeServer], Awaitable[None]]) -> None:
    async def play() -> None:
        async with FakeServer() as server:
            await scenario(server)

    asyncio.run(play())


def test_logs_in_and_out() -> None:
    async def scenario(server: FakeServer) -> None:
        client = await CareHub.log_in(server.url, "maya@example.org", PASSWORD)

        assert client.person == {"id": "person-1", "name": "Maya Lind"}

        await client.log_out()

        assert client.token is None
        assert server.requests[-1].headers["Authorization"] == "Bearer good"

    given(scenario)


def test_a_wrong_password_is_a_problem() -> None:
    async def scenario(server: FakeServer) -> None:
        with pytest.raises(Problem) as refusal:
            await CareHub.log_in(server.url, "maya@example.org", "wrong")

        assert (refusal.value.status, refusal.value.code) == (401, "wrong-credentials")

    given(scenario)


def test_writes_carry_token_key_and_etag() -> None:
    async def scenario(server: FakeServer) -> None:
        server.answers["POST", "/api/v1/things"] = (201, {"id": 1}, {"ETag": '"2"'})
        client = CareHub(server.url, token="good")

        answer = await client.post("/api/v1/things", {"name": "Båt"}, idempotency_key="k1", if_match='"1"')
        await client.post("/api/v1/things", {})
        await client.post("/api/v1/things", {})
        await client.request("POST", "/api/v1/things", content=b"{bro")

        assert (answer.status, answer.json, answer.headers["etag"]) == (201, {"id": 1}, '"2"')
        first, second, third, bare = server.requests
        assert first.json == {"name": "Båt"}
        assert first.headers["Authorization"] == "Bearer good"
        assert (first.headers["Idempotency-Key"], first.headers["If-Match"]) == ("k1", '"1"')
        assert second.headers["Idempotency-Key"] != third.headers["Idempotency-Key"]
        assert "Idempotency-Key" not in bare.headers
        assert bare.body == b"{bro"

    given(scenario)


def test_a_refusal_is_read_with_its_errors() -> None:
    async def scenario(server: FakeServer) -> None:
        errors = [{"pointer": "/title", "detail": "Too long."}]
        document = {"code": "invalid-input", "detail": "Too long.", "errors": errors, "current": 4}
        server.answers["POST", "/x"] = (422, document, {"Retry-After": "3"})

        with pytest.raises(Problem) as refusal:
            await CareHub(server.url).post("/x", {})

        problem = refusal.value
        assert (problem.status, problem.code, problem.detail) == (422, "invalid-input", "Too long.")
        assert problem.errors == errors
        assert str(problem) == "422 invalid-input: Too long. (at /title)"
        assert problem.document["current"] == 4
        assert problem.retry_after == 3.0

    given(scenario)


def test_a_proxys_page_and_a_move_are_problems_too() -> None:
    async def scenario(server: FakeServer) -> None:
        server.answers["GET", "/page"] = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 6\r\n\r\n<html>"
        server.answers["GET", "/moved"] = (301, None, {"Location": "https://elsewhere.example/moved"})
        client = CareHub(server.url, token="good")

        with pytest.raises(Problem) as page:
            await client.get("/page")
        with pytest.raises(Problem) as moved:
            await client.get("/moved")

        assert page.value.code == "http_502"
        assert page.value.retry_after is None
        assert "https://elsewhere.example/moved" in moved.value.detail

    given(scenario)


@pytest.mark.parametrize(
    ("raw", "body"),
    [
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\n[1,\r\n2\r\n2]\r\n0\r\n\r\n",
            [1, 2],
        ),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]", []),
        (b"HTTP/1.0 200 OK\r\n\r\n[3]", [3]),
        (b"HTTP/1.1 204 No Content\r\n\r\n", None),
    ],
)
def test_reads_bodies_of_every_framing(raw: bytes, body: object) -> None:
    async def scenario(server: FakeServer) -> None:
        server.answers["GET", "/x"] = raw

        assert (await CareHub(server.url).get("/x")).json == body

    given(scenario)


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[]", Unreachable),
        (b"SSH-2.0-OpenSSH_9.9\r\n\r\n", BadAnswer),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", BadAnswer),
    ],
)
def test_what_is_no_whole_answer_is_an_error(raw: bytes, error: type[Exception]) -> None:
    async def scenario(server: FakeServer) -> None:
        server.answers["GET", "/x"] = raw

        with pytest.raises(error):
            await CareHub(server.url).get("/x")

    given(scenario)


def test_no_server_and_a_silent_server_are_unreachable() -> None:
    async def scenario(server: FakeServer) -> None:
        async def hush(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(-1)
            writer.close()
            gone.set()

        gone = asyncio.Event()
        silent = await asyncio.start_server(hush, "127.0.0.1", 0)
        port = silent.sockets[0].getsockname()[1]
        with pytest.raises(Unreachable, match=r"within 0\.05 s"):
            await CareHub(f"http://127.0.0.1:{port}", timeout=0.05).get("/")
        await gone.wait()
        silent.close()

        await server.kill()
        with pytest.raises(Unreachable, match="nothing answers"):
            await CareHub(server.url).get("/")

    given(scenario)


def test_pages_give_next_back() -> None:
    async def scenario(server: FakeServer) -> None:
        server.answers["GET", "/list"] = (200, {"results": [{"id": 1}], "next": "1~a+b"})
        rows = CareHub(server.url).pages("/list?limit=1")
        assert await anext(rows) == {"id": 1}

        server.answers["GET", "/list"] = (200, {"results": [{"id": 2}], "next": None})
        assert [row async for row in rows] == [{"id": 2}]

        assert [r.path for r in server.requests] == ["/list?limit=1", "/list?limit=1&after=1~a%2Bb"]

    given(scenario)


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "ftp://x", "http://", "http://h:port", "http://a:b@h", "http://h?x"])
def test_refuses_what_is_no_address(url: str) -> None:
    with pytest.raises(ValueError, match="give"):
        CareHub(url)


def test_keeps_a_prefix_and_leaves_out_the_usual_port() -> None:
    address = CareHub("https://care.example/hub/").address

    assert address.url == "https://care.example/hub"
    assert address.socket_url("/ws/v1/live") == "wss://care.example/hub/ws/v1/live"


def test_refuses_line_breaks_in_headers_and_paths() -> None:
    async def scenario(server: FakeServer) -> None:
        with pytest.raises(ValueError, match="percent-encoded"):
            await CareHub(server.url).post("/x", {}, idempotency_key="a\r\nX: y")
        with pytest.raises(ValueError, match="percent-encoded"):
            await CareHub(server.url).get("/a b")

        assert server.requests == []

    given(scenario)
