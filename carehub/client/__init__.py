"""The Python client: log in, fetch and change, and hear what one must know, live.

Owns nothing and stands alone: it imports nothing else of carehub, and speaks as docs/protocol.md says.

    client = await CareHub.log_in("http://127.0.0.1:8000", email, password)
    async with client.live() as live:
        async for event in live:
            await live.acknowledge(event)
"""

from carehub.client.errors import (
    BadAnswer,
    CareHubError,
    LiveClosed,
    LoginEnded,
    NotConfirmed,
    Problem,
    Resynced,
    Unreachable,
)
from carehub.client.frames import (
    Author,
    Connected,
    Disconnected,
    Event,
    Head,
    Notice,
    Overseen,
    Polled,
    Receipt,
    Refused,
    Resync,
)
from carehub.client.http import CareHub, Response
from carehub.client.live import Live
from carehub.client.timing import Timing
from carehub.client.words import PRESSING, printable, sentence

__all__ = [
    "PRESSING",
    "Author",
    "BadAnswer",
    "CareHub",
    "CareHubError",
    "Connected",
    "Disconnected",
    "Event",
    "Head",
    "Live",
    "LiveClosed",
    "LoginEnded",
    "NotConfirmed",
    "Notice",
    "Overseen",
    "Polled",
    "Problem",
    "Receipt",
    "Refused",
    "Response",
    "Resync",
    "Resynced",
    "Timing",
    "Unreachable",
    "printable",
    "sentence",
]
