"""What a transport is: two methods, two errors, one constant text, and the policy of each as data."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from carehub.delivery.models import Dispatch

SUBJECT = "CareHub: something is waiting for you"
TEXT = "Something on one of your care teams waits for you."

LEASE_SECONDS = 30
"""How long a claimed notice belongs to its worker; what is claimed longer may be sent by another."""

SEND_SECONDS = 15.0
"""When a send is cut off, whatever it is doing: well below the lease, so that nobody else has begun meanwhile."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What every provider is told: a key, since when somebody is needed, and when this attempt was made."""

    key: UUID
    at: datetime
    attempted_at: datetime


class NotSent(Exception):
    """Base of both. `reason` is a word or two for operators, without anybody's data."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason[:60]


class TryAgain(NotSent):
    """Away or busy; `retry_after` is what the provider asked for, if it did.

    `is_of_channel` is false when only this notice must wait, so that others need not wait with it.
    """

    def __init__(self, reason: str, *, retry_after: timedelta | None = None, is_of_channel: bool = True) -> None:
        super().__init__(reason)
        self.retry_after, self.is_of_channel = retry_after, is_of_channel


class Refused(NotSent):
    """Not there, not ever."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How often a failing notice is tried again and after what time, and how many may be under way at once.

    `seats` is how many threads of one worker a transport may take: however many channels hang, the others have theirs.
    """

    retries: tuple[timedelta, ...]
    lanes: int
    seats: int


class Transport(Protocol):
    """One kind of way out."""

    policy: Policy

    def address(self, dispatch: Dispatch) -> Any:
        """Where this notice goes, or None when there is no such place (any more)."""

    def send(self, notice: Notice, address: Any) -> None:
        """Hand the notice to the provider. Raises TryAgain or Refused."""


MINUTES_1_2_4_8 = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 4, 8))
"""Our own proposal."""
