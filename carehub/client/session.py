"""What a live connection knows: inbox, what it has to say, what it was told last. Knows no network."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from carehub.client.errors import BadAnswer, CareHubError, Resynced
from carehub.client.frames import (
    Connected,
    Cursor,
    Event,
    Head,
    Notice,
    Overseen,
    Receipt,
    Refused,
    Resync,
    read_event,
    read_receipt,
)
from carehub.client.inbox import Inbox
from carehub.client.saying import Unconfirmed


class Session:
    """The state that outlives sockets. `settled` is set while client and server mean the same by a number."""

    def __init__(self, cursor: Cursor | None, repeat_after: float) -> None:
        self.inbox = Inbox(cursor)
        self.unconfirmed = Unconfirmed(repeat_after, lambda: asyncio.get_running_loop().time())
        self.unconfirmed.above = cursor.n if cursor else 0
        self.settled = asyncio.Event()
        self.connected = False
        self.server = ""
        self.head = 0
        self.open = 0
        self.connections = 0
        self.polls = 0
        self.failure: Exception | None = None
        self._readers = {
            "hello": self._hello,
            "event": self._event,
            "receipt": self._receipt,
            "head": self._head,
            "overseen": lambda frame: Overseen(),
            "resync": self._resync,
            "error": self._error,
        }

    @property
    def epoch(self) -> str | None:
        """The epoch of the installation, None until it is known."""
        return None if self.inbox.cursor is None else self.inbox.cursor.epoch

    def begin(self) -> str | None:
        """A socket was opened: returns the cursor to resume with. Nothing said before counts as said."""
        self.settled.clear()
        self.inbox.rewind()
        self.unconfirmed.say_again()
        return None if self.inbox.handed_out is None else str(self.inbox.handed_out)

    def stand_at(self, cursor: Cursor) -> None:
        """Begin here if nowhere yet; what is older is never said to have arrived."""
        if self.inbox.cursor is None:
            self.unconfirmed.above = cursor.n
        self.inbox.pin(cursor)

    def keep(self) -> None:
        """The event in hand is shown or stored: its receipt may be said."""
        n = self.inbox.keep()
        if n is not None:
            self.unconfirmed.received(n)

    def hear(self, text: str | bytes) -> Notice | None:
        """Take in one frame and return the notice of it. Unknown kinds are a newer server's and pass by.

        Raises BadAnswer for a frame that cannot be read.
        """
        try:
            frame = json.loads(text)
            reader = self._readers.get(frame["kind"])
            return reader(frame) if reader else None
        except (KeyError, TypeError, ValueError) as error:
            raise BadAnswer(f"The server sent a frame that this client cannot read ({error!r}).") from error

    def hear_page(self, page: Mapping[str, Any]) -> int:
        """Take in one page of the inbox; returns how many events were new. Raises BadAnswer likewise."""
        try:
            upto = Cursor.parse(page["cursor"])
            if upto.epoch != self.epoch:
                raise BadAnswer("The inbox answered with numbers of another epoch than it was asked for.")
            self.head, self.open = int(page["head"]), int(page["open"])
            self.settled.set()
            new = sum(self.inbox.offer(read_event(upto.epoch, row)) for row in page["results"])
        except (KeyError, TypeError, ValueError) as error:
            raise BadAnswer(f"The inbox was answered in an unknown form ({error!r}).") from error
        self.inbox.pass_over(upto.n)
        return new

    def resync(self, cursor: Cursor, detail: str) -> Resync:
        """Stand at another cursor; what was still to be said was about numbers that mean nothing any more."""
        self.inbox.reset(cursor)
        self.unconfirmed.forget(Resynced(detail or "The inbox was renumbered; fetch afresh what you show."))
        self.unconfirmed.above = cursor.n
        self.settled.set()
        return Resync(str(cursor), detail)

    def refused(self, kind: str | None, error: Mapping[str, Any]) -> Refused:
        """Take in that a frame of this kind was refused."""
        refused = Refused(str(error["code"]), str(error["detail"]), error.get("pointer"), kind, error.get("n"))
        self.unconfirmed.refuse(refused)
        return refused

    def confirmed(self, row: Mapping[str, Any]) -> Receipt:
        """Take in a receipt."""
        receipt = read_receipt(row)
        self.unconfirmed.confirm(receipt)
        return receipt

    def want(self, kind: str, what: Event | int) -> "asyncio.Future[Receipt]":
        """A future for the confirmation of `kind`, failed already when it can be said no more."""
        reason: Exception | None = self.failure
        if isinstance(what, Event):
            if self.epoch is not None and what.epoch != self.epoch:
                reason = Resynced("This event is from before a restore; fetch afresh what you show.")
            what = what.n
        if reason is None:
            if self.inbox.handed_out and self.inbox.handed_out.n == what:
                self.keep()
            return self.unconfirmed.want(kind, what)
        future: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        future.set_exception(reason)
        future.exception()  # marks it as looked at, should nobody await it
        return future

    def end(self, failure: Exception) -> None:
        """Nothing more is heard or said; only the first reason counts."""
        if self.failure is None:
            self.failure = failure
            self.connected = False
            reason = failure if isinstance(failure, CareHubError) else CareHubError(str(failure))
            self.unconfirmed.forget(reason)

    def _hello(self, frame: Mapping[str, Any]) -> Connected:
        hello = Connected(str(frame["server"]), str(frame["epoch"]), int(frame["n"]), int(frame["open"]))
        self.connections += not self.connected
        self.connected, self.server, self.head, self.open = True, hello.server, hello.head, hello.open
        self.stand_at(Cursor(hello.epoch, hello.head))
        if self.epoch == hello.epoch:  # else a resync follows
            self.settled.set()
        return hello

    def _event(self, frame: Mapping[str, Any]) -> None:
        if not self.settled.is_set():
            raise BadAnswer("The server sent an event before it said of which epoch its numbers are.")
        self.inbox.offer(read_event(self.inbox.arrived.epoch, frame))

    def _receipt(self, frame: Mapping[str, Any]) -> Receipt:
        return self.confirmed(frame)

    def _head(self, frame: Mapping[str, Any]) -> Head:
        self.head, self.open = int(frame["n"]), int(frame["open"])
        return Head(self.head, self.open)

    def _resync(self, frame: Mapping[str, Any]) -> Resync:
        return self.resync(Cursor.parse(frame["cursor"]), str(frame.get("detail") or ""))

    def _error(self, frame: Mapping[str, Any]) -> Refused:
        if frame.get("in_reply_to") == "resume":
            raise BadAnswer(f"The server refused to resume: {frame['detail']}")
        return self.refused(frame.get("in_reply_to"), frame)
