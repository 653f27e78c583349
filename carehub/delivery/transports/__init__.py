"""Ways out of CareHub, each a module with two methods. The registry is the only place that knows them all.

    NotSent
     |- TryAgain   the provider is away or busy; again by the retry policy, not before `retry_after` seconds
     `- Refused    this notice will never be taken there: the next way is tried

The text is constant: whoever reads over a shoulder learns that somebody is needed, no more. A key is given with every
sending and is the same at each retry, so that a provider can drop what it has already taken.
"""

from .interface import LEASE_SECONDS, SEND_SECONDS, SUBJECT, TEXT, Notice, NotSent, Refused, Transport, TryAgain
from .mail import Mail
from .webhook import Webhook

__all__ = [
    "LEASE_SECONDS",
    "SEND_SECONDS",
    "SUBJECT",
    "TEXT",
    "TRANSPORTS",
    "NotSent",
    "Notice",
    "Refused",
    "Transport",
    "TryAgain",
]

TRANSPORTS: dict[str, Transport] = {"mail": Mail(), "webhook": Webhook()}
"""By `Channel.transport`."""
