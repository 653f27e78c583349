"""The client's HTTP side: log in, fetch and change by the JSON API, and open the live connection."""

import json
import ssl
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from email.message import Message
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, urlencode

from carehub.client.errors import BadAnswer, Problem
from carehub.client.frames import Cursor, Notice
from carehub.client.live import Live
from carehub.client.timing import Timing
from carehub.client.wire import Address, exchange


@dataclass(frozen=True)
class Response:
    """An answer with a status below 300. A header is found whatever its case, and None when absent."""

    status: int
    headers: Message
    body: bytes

    @cached_property
    def json(self) -> Any:
        """The decoded body, None when it is empty; raises BadAnswer when it is not JSON."""
        if not self.body:
            return None
        try:
            return json.loads(self.body)
        except ValueError:
            raise BadAnswer("The answer is not JSON; check that the address is a CareHub server's.") from None

    def member(self, name: str) -> Any:
        """One member of a JSON object; raises BadAnswer when there is none of that name."""
        if not isinstance(self.json, dict) or name not in self.json:
            raise BadAnswer(f"The answer lacks `{name}`; check that the address is a CareHub server's.")
        return self.json[name]


class CareHub:
    """One person's way into one server. Holds no connection: nothing needs to be closed.

    `timeout` in seconds spans each request. Requests go straight to the server, never through a proxy of
    the environment.
    """

    def __init__(
        self,
        base_url: str,
        *,
        token: str | None = None,
        timeout: float = 10.0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.address = Address.of(base_url)
        self.token = token
        self.timeout = timeout
        self.person: Mapping[str, Any] | None = None
        self.tls = (tls or ssl.create_default_context()) if self.address.secure else None

    @classmethod
    async def log_in(
        cls,
        base_url: str,
        email: str,
        password: str,
        *,
        timeout: float = 10.0,
        tls: ssl.SSLContext | None = None,
    ) -> "CareHub":
        """Exchange e-mail and password for a token; neither is kept. Raises Problem when they are refused."""
        client = cls(base_url, timeout=timeout, tls=tls)
        answer = await client.request("POST", "/api/v1/tokens", {"email": email, "password": password})
        client.token = str(answer.member("token"))
        client.person = answer.member("person")
        return client

    async def log_out(self) -> None:
        """End the token on the server and forget it here."""
        await self.request("DELETE", "/api/v1/tokens/current")
        self.token = None

    async def get(self, path: str) -> Response:
        """Fetch a path, which begins with a slash and holds its own query."""
        return await self.request("GET", path)

    async def post(
        self,
        path: str,
        body: object = None,
        *,
        idempotency_key: str | None = None,
        if_match: str | None = None,
    ) -> Response:
        """Write. Without a key a fresh one is sent; to repeat after Unreachable give the same key twice."""
        headers = {"Idempotency-Key": idempotency_key or str(uuid.uuid4())}
        if if_match is not None:
            headers["If-Match"] = if_match
        return await self.request("POST", path, body, headers=headers)

    async def delete(self, path: str) -> Response:
        """Delete what a path names."""
        return await self.request("DELETE", path)

    async def request(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Send exactly this: `body` as JSON, or `content` as it is. Adds the token, and JSON's two headers.

        Raises Problem for a status of 300 or more, Unreachable when no answer came.
        """
        if content is None:
            content = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
        sent = {"Accept": "application/json, application/problem+json", "User-Agent": "carehub-client"}
        if content:
            sent["Content-Type"] = "application/json"
        if self.token is not None:
            sent["Authorization"] = f"Bearer {self.token}"
        status, received, answer = await exchange(
            self.address,
            method,
            path,
            {**sent, **(headers or {})},
            content,
            timeout=self.timeout,
            tls=self.tls,
        )
        response = Response(status, received, answer)
        if status >= 300:
            raise _problem(response)
        return response

    async def pages(self, path: str, *, by: str = "after") -> AsyncIterator[dict[str, Any]]:
        """Every row of a paged list, fetched page by page: what a page calls `next` is given back as `by`."""
        base, _, query = path.partition("?")
        asked = dict(parse_qsl(query, keep_blank_values=True))
        while True:
            page = await self.get(f"{base}?{urlencode(asked)}" if asked else base)
            for row in page.member("results"):
                yield row
            if page.member("next") is None:
                return
            asked[by] = str(page.json["next"])

    async def ticket(self) -> str:
        """A new ticket for one live connection, good for 30 s."""
        return str((await self.request("POST", "/api/v1/tickets")).member("ticket"))

    async def first_cursor(self) -> str:
        """The cursor that stands before everything in this person's inbox."""
        page = await self.get("/api/v1/inbox?limit=1")
        return str(Cursor(Cursor.parse(page.member("cursor")).epoch, 0))

    def live(
        self,
        cursor: str | None = None,
        *,
        notify: Callable[[Notice], None] | None = None,
        timing: Timing | None = None,
    ) -> Live:
        """The live connection, to be entered with `async with`.

        `cursor` is where to resume; None hears only what comes from now on. `notify` is called, in the event
        loop and in order, with every receipt and change of state.
        """
        return Live(self, cursor=cursor, notify=notify, timing=timing or Timing())


def _problem(response: Response) -> Problem:
    """Read a refusal; a proxy's or another server's page becomes one too."""
    code = f"http_{response.status}"
    detail = f"The server answered with status {response.status}."
    if response.status < 400:
        detail = f"This address has moved; use {response.headers.get('Location', 'the new one')}."
    try:
        document = response.json
    except BadAnswer:
        document = None
    if not isinstance(document, dict):
        return Problem(response.status, code, detail, headers=response.headers)
    errors = document.get("errors")
    return Problem(
        response.status,
        str(document.get("code") or code),
        str(document.get("detail") or document.get("title") or detail),
        [e for e in errors if isinstance(e, dict)] if isinstance(errors, list) else (),
        response.headers,
        document,
    )
