"""The live feed in a terminal. A client like any other: it logs in, and has no privileged path."""

import argparse
import asyncio
import getpass
import ipaddress
import json
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from typing import Any

from carehub.client import (
    PRESSING,
    CareHub,
    CareHubError,
    Connected,
    Disconnected,
    Event,
    Head,
    LoginEnded,
    Notice,
    Overseen,
    Polled,
    Problem,
    Receipt,
    Refused,
    Resync,
    Unreachable,
    printable,
    sentence,
)
from carehub.standalone.screen import Screen

NAME = "tail"
HELP = "Print what you must know as it happens. Logs in with CAREHUB_TOKEN, else asks for e-mail and password."


class Misuse(Exception):
    """The command line asks for something that cannot be; the text says what and what to do."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `carehub tail`."""
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="the server (default: %(default)s)")
    parser.add_argument("--as", dest="who", metavar="NAME_OR_EMAIL", help="log in as this person of the demo")
    parser.add_argument("--ack", action="store_true", help="acknowledge what asks for it, and mark all as seen")
    parser.add_argument(
        "--from",
        dest="cursor",
        metavar="CURSOR",
        help="resume after this cursor, or `start` for everything (default: only what comes from now on)",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object for each line")


def run(arguments: argparse.Namespace) -> int:
    """Print events until Ctrl-C (0), until log-in or server fail for good (1); 2 for what cannot be asked."""
    errors = Screen(sys.stderr)
    try:
        # Questions are asked outside an event loop: inside one Ctrl-C would not end them.
        client, is_ours = _log_in(arguments, errors)
        asyncio.run(_follow(client, arguments, Feed(Screen(sys.stdout), errors, arguments.json), is_ours))
    except KeyboardInterrupt:
        return 0
    except Misuse as misuse:
        errors.say(f"carehub tail: {misuse}")
        return 2
    except CareHubError as failure:
        by_token = not arguments.who and "CAREHUB_TOKEN" in os.environ
        errors.say(f"carehub tail: {_explain(failure, by_token=by_token)}")
        return 1
    return 0


class Feed:
    """Writes what happens: events and receipts to `out`, the state of the connection to `errors`."""

    def __init__(self, out: Screen, errors: Screen, is_json: bool) -> None:
        self._out = out
        self._errors = errors
        self._is_json = is_json
        self._patients: dict[str, str] = {}
        self._people: dict[str, str] = {}
        self._numbers: dict[str, int] = {}

    @property
    def is_closed(self) -> bool:
        """Whether nobody reads any more."""
        return self._out.is_closed

    async def learn(self, client: CareHub, record_id: str | None) -> None:
        """Look up whose record this is, once; a record that is not there any more stays nameless."""
        if self._is_json or record_id is None or record_id in self._patients:
            return
        self._patients[record_id] = f"record …{record_id[-6:]}"
        # A name is a courtesy: the event is printed all the same when it cannot be had.
        with suppress(Problem, Unreachable):
            async for row in client.pages("/api/v1/records"):
                self._patients[row["id"]] = printable(row["patient"]["name"])

    def event(self, event: Event) -> None:
        """Write one event as a line."""
        if self._is_json:
            self._out.say(json.dumps({"kind": "event", **event.raw}))
            return
        if event.obligation == "none":  # mostly the person's own: receipts will tell of them
            self._numbers[event.id] = event.n
        if event.author:
            self._people[event.author.id] = printable(event.author.name)
        record = f"{self._patients[event.record_id]}: " if event.record_id else ""
        marks = [PRESSING[event.priority]] if event.priority in PRESSING else []
        if event.is_open and event.due_at:
            marks.append(f"{event.obligation} by {_clock(event.due_at, seconds=False)}")
        elif event.obligation in ("acknowledge", "answer"):
            marks.append(event.state.replace("_", " "))
        marked = "".join(f"  {self._out.paint(f'[{mark}]', 'bold')}" for mark in marks)
        self._out.say(f"{_clock(event.at)}  {record}{sentence(event)}{marked}  (n={event.n})")

    def notice(self, notice: Notice) -> None:
        """Write a receipt or a change of state."""
        if _is_dull(notice):
            return
        if self._is_json:
            fields = {"kind": type(notice).__name__.lower(), **asdict(notice)}
            self._out.say(json.dumps(fields, default=datetime.isoformat))
        elif isinstance(notice, Receipt):
            line = f"{_clock(notice.at or _now())}    {self._receipt(notice)}"
            self._out.say(self._out.paint(line, "faint"))
        else:
            self._errors.say(self._errors.paint(f"{_clock(_now())}  {_state(notice)}", "faint"))

    def _receipt(self, receipt: Receipt) -> str:
        state = receipt.state.replace("_", " ")
        if receipt.n is not None:
            return f"{state}: confirmed (n={receipt.n})"
        who = self._people.get(receipt.person_id or "", f"person …{(receipt.person_id or '')[-6:]}")
        n = self._numbers.get(receipt.event_id)
        return f"{state} by {who} ({f'n={n}' if n else f'event …{receipt.event_id[-6:]}'})"


async def _follow(client: CareHub, arguments: argparse.Namespace, feed: Feed, is_ours: bool) -> None:
    try:
        cursor = await client.first_cursor() if arguments.cursor == "start" else arguments.cursor
        async with client.live(cursor, notify=feed.notice) as live:
            async for event in live:
                await feed.learn(client, event.record_id)
                feed.event(event)
                if feed.is_closed:
                    return
                if arguments.ack:
                    is_asked = event.is_open and event.obligation == "acknowledge"
                    (live.acknowledge if is_asked else live.seen)(event)
    finally:
        if is_ours:
            with suppress(CareHubError, TimeoutError):
                async with asyncio.timeout(2):
                    await client.log_out()


def _log_in(arguments: argparse.Namespace, errors: Screen) -> tuple[CareHub, bool]:
    """A client with a token, and whether the token is ours to end."""
    try:
        client = CareHub(arguments.url)
    except ValueError as error:
        raise Misuse(f"--url: {error}") from None
    if arguments.cursor not in (None, "start") and not _is_cursor(arguments.cursor):
        raise Misuse(f"--from takes a cursor like 1.17, or `start`; {arguments.cursor!r} is neither.")
    if not client.address.secure and not _is_loopback(client.address.host):
        errors.say(f"Warning: {client.address.url} is not encrypted; use https:// where people's data travel.")
    token = os.environ.get("CAREHUB_TOKEN")
    if token and not arguments.who:
        client.token = token
        return client, False
    if arguments.who:
        account = asyncio.run(_demo_account(client, arguments.who))
        email, password = account["email"], account["password"]
    else:
        email, password = _ask()
    return asyncio.run(CareHub.log_in(arguments.url, email, password)), True


def _ask() -> tuple[str, str]:
    # Not as input's own prompt, which goes to standard output: that may be a file.
    print("E-mail: ", end="", file=sys.stderr, flush=True)
    try:
        return input(), getpass.getpass("Password: ")
    except EOFError:
        raise Misuse("Nobody is there to be asked; set CAREHUB_TOKEN, or in the demo use --as.") from None


async def _demo_account(client: CareHub, who: str) -> Mapping[str, str]:
    """The demo account that a name or e-mail address means; raises Misuse naming those that there are."""
    try:
        accounts: list[Mapping[str, str]] = (await client.get("/demo/accounts")).json
    except Problem as problem:
        if problem.status != 404:
            raise
        raise Misuse(
            f"{client.address.url} is no demo installation, so --as knows nobody; leave it out and log in."
        ) from None
    found = _matching(accounts, who)
    if len(found) == 1:
        return found[0]
    listed = "\n".join(f"  {a['email']}  {a['name']}, {a['role']}, {a['where']}" for a in found or accounts)
    raise Misuse(f"{who!r} is {'several people' if found else 'nobody'} of this demo. There is:\n{listed}")


def _matching(accounts: Sequence[Mapping[str, str]], who: str) -> Sequence[Mapping[str, str]]:
    """Those whose address or name is this, else those a word of whose name or address begins so."""
    wanted = who.casefold()
    exact = [a for a in accounts if wanted in (a["email"].casefold(), a["name"].casefold())]
    if exact:
        return exact
    return [
        account
        for account in accounts
        if any(word.startswith(wanted) for word in [account["email"].casefold(), *account["name"].casefold().split()])
    ]


def _explain(failure: CareHubError, *, by_token: bool) -> str:
    if isinstance(failure, Unreachable):
        return f"{failure} Start the server with `carehub up`, or give its address with --url."
    text = failure.detail if isinstance(failure, Problem) else str(failure)
    is_login_over = isinstance(failure, LoginEnded) or (isinstance(failure, Problem) and failure.status == 401)
    if is_login_over and by_token:
        return f"{text} CAREHUB_TOKEN is wrong or has ended: set another, or unset it to log in."
    return f"{text} Run the command again to log in." if isinstance(failure, LoginEnded) else text


def _state(notice: Connected | Disconnected | Polled | Refused | Resync | Any) -> str:
    """A change of state in words."""
    match notice:
        case Connected():
            return f"connected to {printable(notice.server)}; open obligations: {notice.open}"
        case Disconnected():
            return f"not connected ({printable(notice.reason)}); next attempt in {notice.retry_in:.1f} s"
        case Polled():
            return f"fetched over HTTP meanwhile: {notice.count}"
        case Resync():
            detail = printable(notice.detail).rstrip(".")
            return f"{detail}; going on from {notice.cursor}: see in the console what is open"
        case _:
            return f"refused: {printable(notice.detail)}"


def _is_dull(notice: Notice) -> bool:
    """Whether a notice tells a reader nothing: a heartbeat, or that what was printed was printed."""
    match notice:
        case Head() | Overseen():
            return True
        case Polled():
            return notice.count == 0
        case Receipt():
            return notice.n is not None and notice.state in ("received", "seen")
    return False


def _is_cursor(text: str) -> bool:
    epoch, _, n = text.rpartition(".")
    return bool(epoch) and n.isascii() and n.isdigit()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _now() -> datetime:
    return datetime.now().astimezone()


def _clock(moment: datetime, *, seconds: bool = True) -> str:
    """The local time of day, with its date unless that is today."""
    local = moment.astimezone()
    form = "%H:%M:%S" if seconds else "%H:%M"
    return local.strftime(form if local.date() == _now().date() else f"%Y-%m-%d {form}")
