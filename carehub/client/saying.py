"""What a client has to say until it was heard: received, seen, acknowledge. Knows no network.

One frame of each kind is under way at a time, so that a refusal can be laid to the numbers it was about.
"""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from carehub.client.errors import CareHubError, NotConfirmed
from carehub.client.frames import Receipt, Refused

AT_MOST = 200
STATE_OF = {"acknowledge": "acknowledged", "seen": "seen"}
_INDEX = re.compile(r"/(\d+)$")


@dataclass
class _Kind:
    """One kind of frame: who waits for which n; the last frame, and what of it is under way since when."""

    waiting: dict[int, list[asyncio.Future[Receipt]]] = field(default_factory=dict)
    said: list[int] = field(default_factory=list)
    under_way: list[int] = field(default_factory=list)
    said_at: float = 0.0
    one_by_one: bool = False

    def meant_by(self, refusal: Refused) -> int | None:
        """The number that a refusal is about, None when it cannot be told."""
        if refusal.n is not None:
            return refusal.n
        index = _INDEX.search(refusal.pointer or "")
        if index and int(index[1]) < len(self.said):
            return self.said[int(index[1])]
        return self.under_way[0] if len(self.under_way) == 1 else None


class Unconfirmed:
    """The numbers still to be said, again after each `repeat_after` seconds of `clock`."""

    def __init__(self, repeat_after: float, clock: Callable[[], float]) -> None:
        self._kinds = {name: _Kind() for name in STATE_OF}
        self._repeat_after = repeat_after
        self._clock = clock
        self._received = 0
        self._received_said = 0
        self.above = 0
        """What is older than this was never asked for, so it is not said to have arrived."""
        self.news = asyncio.Event()
        """Set whenever there may be something new to say; the speaker clears it."""

    def received(self, n: int) -> None:
        """Everything up to n has been kept."""
        self._received = max(self._received, n)
        self.news.set()

    def want(self, kind: str, n: int) -> asyncio.Future[Receipt]:
        """Say `kind` of n until it is confirmed, even if the future is cancelled or forgotten."""
        future: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        self._kinds[kind].waiting.setdefault(n, []).append(future)
        self.news.set()
        return future

    def say_again(self) -> None:
        """On a new connection nothing counts as said."""
        self._received_said = 0
        for kind in self._kinds.values():
            kind.under_way = []
        self.news.set()

    def take(self) -> dict[str, Any] | None:
        """The next frame to send, None when there is nothing to say now. The most urgent comes first."""
        for name in self._kinds:
            if numbers := self._take_numbers(name):
                return {"kind": name, "n": numbers}
        if self._received > self._received_said:
            self._received_said = self._received
            return {"kind": "received", "n": self._received, "above": self.above}
        return None

    @property
    def next_at(self) -> float | None:
        """When `take` will have something to say again if nothing happens until then."""
        times = [k.said_at + self._repeat_after for k in self._kinds.values() if k.under_way]
        return min(times, default=None)

    def confirm(self, receipt: Receipt) -> None:
        """Settle what this receipt of one's own covers."""
        if receipt.n is None:
            return
        for name, state in STATE_OF.items():
            if receipt.settles(state):
                self._settle(name, receipt.n, receipt)
        self.news.set()

    def refuse(self, refusal: Refused) -> None:
        """Give up the number that was refused; when it is unknown which, say them one by one."""
        name = refusal.in_reply_to or ""
        if name not in self._kinds:
            # A number that is nobody's here may be refused without saying as what it had been given.
            for kind in [k for k, v in self._kinds.items() if refusal.n in v.under_way]:
                self.refuse(replace(refusal, in_reply_to=kind))
            return
        if not self._kinds[name].under_way:
            return
        guilty = self._kinds[name].meant_by(refusal)
        if guilty is None:
            self._kinds[name].one_by_one = True
        else:
            self._settle(name, guilty, NotConfirmed(f"{name} of {guilty} was refused: {refusal.detail}"))
        self._kinds[name].under_way = []
        self.news.set()

    def refuse_rest(self, name: str, detail: str) -> None:
        """Give up what is still under way: the answer to it was whole and did not confirm it."""
        for n in list(self._kinds[name].under_way):
            self._settle(name, n, NotConfirmed(f"{name} of {n} was refused: {detail}"))

    def forget(self, reason: CareHubError) -> None:
        """Say nothing more of anything; who waits gets the reason."""
        self._received = self._received_said = 0
        for name, kind in self._kinds.items():
            for n in list(kind.waiting):
                self._settle(name, n, reason)
            kind.under_way = []

    def _take_numbers(self, name: str) -> list[int]:
        kind = self._kinds[name]
        now = self._clock()
        if not kind.waiting or (kind.under_way and now < kind.said_at + self._repeat_after):
            return []
        # What was said in vain goes to the back, or it would keep the rest from being said.
        for n in kind.under_way:
            kind.waiting[n] = kind.waiting.pop(n)
        numbers = list(kind.waiting)[: 1 if kind.one_by_one else AT_MOST]
        kind.said, kind.under_way, kind.said_at = numbers, list(numbers), now
        return numbers

    def _settle(self, name: str, n: int, outcome: Receipt | CareHubError) -> None:
        kind = self._kinds[name]
        if n in kind.under_way:
            kind.under_way.remove(n)
        waiting = kind.waiting.pop(n, [])
        kind.one_by_one = kind.one_by_one and bool(kind.waiting)
        for future in waiting:
            if future.done():
                continue
            if isinstance(outcome, Receipt):
                future.set_result(outcome)
            else:
                future.set_exception(outcome)
                future.exception()  # marks it as looked at: nobody is obliged to await a confirmation
