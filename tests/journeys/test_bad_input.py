"""What comes in wrong: a clear problem, nothing half-written, nobody else disturbed."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
import websockets
from websockets.asyncio.client import connect

from tests.cast import PASSWORD, PLAN, email
from tests.clients import Answer, Api, Socket, run
from tests.servers import SEEDED, Installation, Servers, Web, installation

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def shared(django_db_setup: None, servers: Servers) -> Iterator[Installation]:
    with installation(servers, "house_bad_input") as found:
        yield found


@pytest.fixture(scope="module")
def web(shared: Installation) -> Web:
    assert SEEDED
    return shared.web()


@pytest.fixture(scope="module")
def maya(web: Web) -> Api:
    return Api.log_in(web.url, "Maya")


@pytest.fixture
def record(shared: Installation) -> str:
    return f"/records/{shared.record_id()}"


def problem(answer: Answer, status: int, code: str) -> dict[str, Any]:
    """The problem+json of a refusal, which must name its code and say something."""
    assert answer.status == status, answer.body
    assert answer.headers["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = answer.json
    assert body["status"] == status
    assert body["code"] == code
    assert body["type"] == f"urn:carehub:problem:{code}"
    assert body["detail"]
    assert "Traceback" not in answer.body.decode()
    return body


def counts(shared: Installation) -> list[tuple[Any, ...]]:
    tables = ("events_event", "events_delivery", "messaging_message", "plans_planrevision", "core_idempotencykey")
    return [shared.rows(f"SELECT count(*) FROM {table}")[0] for table in tables]


def test_wrong_and_missing_credentials(web: Web) -> None:
    nobody = Api(web.url)
    wrong = nobody.post("/tokens", {"email": email("Maya"), "password": "not-her-password"})
    unknown = nobody.post("/tokens", {"email": "who@example.test", "password": "not-her-password"})
    problem(wrong, 401, "wrong-credentials")
    assert wrong.body == unknown.body, "an unknown address must not be told from a wrong password"
    for answer in (nobody.get("/inbox"), Api(web.url, "0" * 64).get("/inbox")):
        problem(answer, 401, "not-authenticated")
        assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_five_wrong_passwords_pause_the_pair_of_account_and_address(web: Web) -> None:
    nobody = Api(web.url)
    for _ in range(5):
        last = nobody.post("/tokens", {"email": email("Priya"), "password": "wrong"})
    problem(last, 429, "too-many-attempts")
    problem(nobody.post("/tokens", {"email": email("Priya"), "password": PASSWORD}), 429, "too-many-attempts")
    assert nobody.post("/tokens", {"email": email("Olga"), "password": PASSWORD}).status == 201


BAD_BODIES = [
    (b"{", 400, "bad-request", None),
    (b"\xff\xfe", 400, "bad-request", None),
    (b'{"text": ' + b"[" * 5000, 422, "invalid-input", "/text"),
    (b"[]", 422, "invalid-input", ""),
    (b"{}", 422, "invalid-input", ""),
    (b'{"text": 7}', 422, "invalid-input", "/text"),
    (b'{"text": "   "}', 422, "invalid-input", "/text"),
    (b'{"text": "x", "colour": "red"}', 422, "invalid-input", "/colour"),
    (b'{"text": "x", "priority": "soon"}', 422, "invalid-input", "/priority"),
    (b'{"text": "x", "mentioned_ids": ["no-uuid"]}', 422, "invalid-input", "/mentioned_ids/0"),
    (b'{"text": "a\\u0000b"}', 422, "invalid-input", ""),
    (b'{"text": "' + b"x" * 9_000 + b'"}', 422, "invalid-input", "/text"),
    (b'{"text": "' + b"x" * 1_100_000 + b'"}', 413, "too-large", None),
]


@pytest.mark.parametrize(
    ("raw", "status", "code", "pointer"), BAD_BODIES, ids=[str(b[0][:24]) + str(i) for i, b in enumerate(BAD_BODIES)]
)
def test_bad_bodies(
    shared: Installation, maya: Api, record: str, raw: bytes, status: int, code: str, pointer: str | None
) -> None:
    before = counts(shared)

    body = problem(maya.call("POST", f"{record}/messages", raw=raw), status, code)

    if pointer is not None:
        assert [e["pointer"] for e in body["errors"]] == [pointer]
    if b"colour" in raw:
        assert "Allowed here: text, priority, mentioned_ids" in body["detail"]
    assert counts(shared) == before


def test_another_media_type_method_or_parameter(maya: Api, record: str) -> None:
    form = maya.call("POST", f"{record}/messages", raw=b"text=x", Content_Type="application/x-www-form-urlencoded")
    problem(form, 415, "unsupported-media-type")
    problem(maya.call("DELETE", f"{record}/messages"), 405, "method-not-allowed")
    assert problem(maya.get(f"{record}/messages?limit=0"), 422, "invalid-input")["errors"][0]["pointer"] == "/limit"
    assert "Allowed here: before, limit" in problem(maya.get(f"{record}/flags?page=2"), 422, "invalid-input")["detail"]
    problem(maya.get(f"{record}/timeline?before={uuid4()}"), 422, "invalid-input")
    problem(maya.get("/nowhere"), 404, "not-found")


@pytest.mark.parametrize(
    "moment", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00%2B23:59", "1999-12-31T00:00:00Z"]
)
def test_a_time_in_a_year_that_nobody_lives_in(web: Web, moment: str) -> None:
    cora = Api.log_in(web.url, "Cora")
    clinic = cora.get("/me").json["roles"][0]["organization_id"]
    for address in (
        f"/organizations/{clinic}/cover?at",
        f"/organizations/{clinic}/shifts?from",
        f"/organizations/{clinic}/shifts?until",
        f"/reports/times?organization={clinic}&until",
        f"/reports/interruptions?organization={clinic}&since",
    ):
        body = problem(cora.get(f"{address}={moment}"), 422, "invalid-input")
        assert "years that we live in" in body["detail"], address


def test_a_role_without_the_capability_is_told_who_has_it(web: Web, record: str) -> None:
    nils = Api.log_in(web.url, "Nils")
    answer = nils.post(f"{record}/plan/revisions", {"definition": PLAN, "rationale": "x"}, If_Match='"0"')
    body = problem(answer, 403, "not-allowed")
    assert body["capability"] == "plan.revise"
    assert "therapist, psychiatrist" in body["detail"]


def test_plan_revisions_need_if_match_and_refuse_a_stale_one(shared: Installation, maya: Api, record: str) -> None:
    path, body = f"{record}/plan/revisions", {"definition": PLAN, "rationale": "First"}
    problem(maya.post(path, body), 428, "precondition-missing")
    for header in ("*", '"1", "2"', "3", 'W/"1"', '"x"'):
        problem(maya.post(path, body, If_Match=header), 400, "bad-request")
    assert maya.get(f"{record}/plan").headers["ETag"] == '"0"'
    assert maya.post(path, body, If_Match='"0"').status == 201
    before = counts(shared)

    stale = maya.post(path, body, If_Match='"0"')

    refused = problem(stale, 412, "plan-was-revised")
    assert (refused["current_revision"], refused["current_etag"], stale.headers["ETag"]) == (1, '"1"', '"1"')
    assert counts(shared) == before


def test_one_key_makes_one_message_and_another_body_is_refused(shared: Installation, maya: Api, record: str) -> None:
    path = f"{record}/messages"
    first = maya.post(path, {"text": "Once"}, Idempotency_Key="key-1")
    again = maya.post(path, {"text": "Once"}, Idempotency_Key="key-1")
    assert (first.status, first.body) == (again.status, again.body)
    assert shared.rows("SELECT count(*) FROM messaging_message WHERE text = 'Once'") == [(1,)]
    problem(maya.post(path, {"text": "Twice"}, Idempotency_Key="key-1"), 422, "idempotency-key-reused")
    problem(maya.post(path, {"text": "x"}, Idempotency_Key="x" * 101), 400, "bad-request")
    problem(maya.call("POST", path, {"text": "x"}, raw=None, Idempotency_Key=""), 400, "bad-request")


def test_a_replay_is_authorized_anew(web: Web, shared: Installation) -> None:
    cora, olga = Api.log_in(web.url, "Cora"), Api.log_in(web.url, "Olga")
    record = f"/records/{shared.record_id()}"
    ((person,),) = shared.rows("SELECT id FROM directory_person WHERE name = 'Olga'")
    added = cora.post(f"{record}/members", {"person_id": str(person), "role": "psychiatrist"})
    assert olga.post(f"{record}/messages", {"text": "Hi"}, Idempotency_Key="k").status == 201
    ended = cora.post(f"{record}/members/{added.json['id']}/end", {"reason": "Covered"})
    assert ended.status == 200, ended.body

    problem(olga.post(f"{record}/messages", {"text": "Hi"}, Idempotency_Key="k"), 404, "not-found")


def test_cursors_of_another_ledger(maya: Api) -> None:
    assert problem(maya.get("/inbox?after=9.1"), 409, "resync")["cursor"].startswith("1.")
    problem(maya.get("/inbox?after=1.999999"), 409, "resync")
    for after in ("x", "1.", "1.-1", "1.1.1", "١.١"):
        answer = maya.call("GET", f"/inbox?after={after}" if after.isascii() else "/inbox?after=%D9%A1.%D9%A1")
        problem(answer, 400, "bad-request")
    problem(maya.get("/inbox/open?after=tomorrow"), 400, "bad-request")
    problem(maya.post("/inbox/receipts", {}), 422, "invalid-input")


def test_the_socket_lets_nobody_in_without_a_ticket_or_from_a_foreign_page(web: Web, maya: Api) -> None:
    address = web.url.replace("http", "ws") + "/ws/v1/live"
    used = maya.ticket()
    cookie = "carehub_session=" + log_in_cookie(web)

    async def attempt(*, ticket: str | None = None, to: str = address, **options: Any) -> int:
        protocols = [websockets.Subprotocol("carehub.v1")]
        if ticket:
            protocols.append(websockets.Subprotocol(f"ticket.{ticket}"))
        try:
            async with connect(to, subprotocols=protocols, **options) as socket:
                assert socket.subprotocol == "carehub.v1"
                return 101
        except websockets.InvalidStatus as refused:
            return refused.response.status_code

    async def scenario() -> None:
        assert await attempt() == 403
        assert await attempt(ticket="made-up") == 403
        assert await attempt(ticket=used, to=address.replace("live", "elsewhere")) == 403
        assert await attempt(ticket=used) == 101
        assert await attempt(ticket=used) == 403, "a ticket is good once"
        mine: dict[str, Any] = {"additional_headers": {"Cookie": cookie}}
        assert await attempt(**mine) == 403, "a missing Origin is refused for a cookie"
        assert await attempt(**mine, origin=websockets.Origin("https://evil.example")) == 403
        assert await attempt(**mine, origin=websockets.Origin(web.url)) == 101

    run(scenario)
    assert "Traceback" not in web.tail(100_000)


def log_in_cookie(web: Web) -> str:
    """The session cookie of Maya's browser, from the log-in page."""
    import http.cookiejar
    import re
    import urllib.parse
    import urllib.request

    jar = http.cookiejar.CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    page = browser.open(f"{web.url}/log-in").read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert token is not None
    form = {"email": email("Maya"), "password": PASSWORD, "csrfmiddlewaretoken": token[1]}
    browser.open(f"{web.url}/log-in", urllib.parse.urlencode(form).encode()).close()
    found: str | None = next((c.value for c in jar if c.name == "carehub_session"), None)
    assert found is not None
    return found


def test_a_cookie_without_the_csrf_token_writes_nothing(web: Web, shared: Installation, record: str) -> None:
    before = counts(shared)
    cookie = "carehub_session=" + log_in_cookie(web)
    nobody = Api(web.url)
    for method, path, body in (
        ("POST", f"{record}/messages", {"text": "x"}),
        ("PATCH", f"{record}/plan/goals/{uuid4()}", {"achievement_status": "achieved"}),
        ("POST", "/inbox/receipts", {"received": 1}),
        ("POST", "/tickets", {}),
        ("DELETE", "/tokens/current", None),
    ):
        answer = nobody.call(method, path, body, raw=None, Cookie=cookie)
        problem(answer, 403, "permission-denied")
    assert counts(shared) == before


BAD_FRAMES: list[tuple[str, str]] = [
    ("{", "malformed-json"),
    ("[]", "invalid-frame"),
    ("{}", "invalid-frame"),
    ('{"kind": "shout"}', "invalid-frame"),
    ('{"kind": "seen", "n": 3}', "invalid-frame"),
    ('{"kind": "seen", "n": []}', "invalid-frame"),
    ('{"kind": "seen", "n": [0]}', "invalid-frame"),
    ('{"kind": "received", "n": 1, "extra": true}', "invalid-frame"),
    ('{"kind": "acknowledge", "n": [987654]}', "unknown-number"),
    ('{"kind": "resume"}', "already-resumed"),
]


def test_bad_frames_are_answered_and_the_socket_and_everybody_else_go_on(web: Web, maya: Api, record: str) -> None:
    ivan = Api.log_in(web.url, "Ivan")

    async def scenario() -> None:
        bystander, socket = await Socket.open(ivan), await Socket.open(maya)
        for raw, code in BAD_FRAMES:
            await socket.connection.send(raw)
            error = await socket.next("error")
            assert error["code"] == code, (raw, error)
            assert error["detail"]
            await asyncio.sleep(0.06)
        await socket.connection.send(b'{"kind": "received", "n": 1}')
        assert (await socket.next("error"))["code"] == "invalid-frame"
        assert (await asyncio.to_thread(maya.post, f"{record}/messages", {"text": "Still here"})).status == 201
        await socket.next("event", type="message.posted")
        await bystander.next("event", type="message.posted")

    run(scenario)


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        (['{"kind": "received", "n": 1}'], 1008),
        (['{"kind": "resume", "cursor": "' + "x" * 70_000 + '"}'], 1009),
        (['{"kind": "resume"}'] + ['{"kind": "received", "n": 1}'] * 60, 1008),
    ],
    ids=["speaks before resume", "too large", "too many"],
)
def test_a_socket_that_misbehaves_is_closed_with_the_right_code(maya: Api, frames: list[str], code: int) -> None:
    async def scenario() -> None:
        socket = await Socket.open(maya, resume=False)
        with pytest.raises(websockets.ConnectionClosed) as closed:
            for frame in frames:
                await socket.connection.send(frame)
            while True:
                await socket.connection.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == code

    run(scenario)


@pytest.mark.parametrize("cursor", ["9.1", "1.999999", "x"])
def test_a_foreign_or_future_cursor_is_answered_with_resync_never_with_silence(maya: Api, cursor: str) -> None:
    async def scenario() -> None:
        socket = await Socket.open(maya, cursor=cursor)
        resync = await socket.next("resync")
        await socket.send(kind="resume", cursor=resync["cursor"])
        await socket.next("head", seconds=8)

    run(scenario)


def test_a_sixth_socket_of_one_person_is_turned_away(web: Web) -> None:
    paula = Api.log_in(web.url, "Paula")

    async def scenario() -> None:
        for _ in range(5):
            await Socket.open(paula)
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await Socket.open(paula)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1013

    run(scenario)


def test_revoking_the_token_closes_its_socket(web: Web) -> None:
    nils = Api.log_in(web.url, "Nils")

    async def scenario() -> None:
        socket = await Socket.open(nils)
        assert (await asyncio.to_thread(nils.call, "DELETE", "/tokens/current")).status == 204
        with pytest.raises(websockets.ConnectionClosed) as closed:
            async with asyncio.timeout(8):
                while True:
                    json.loads(await socket.connection.recv())
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4001

    run(scenario)
