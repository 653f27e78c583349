"""What can go wrong for a client.

CareHubError
├── Unreachable   no answer: connection refused, broken or timed out; whether a write was done is not known
├── Problem       the server answered no (status, code, detail, errors)
├── BadAnswer     the answer is not what a CareHub server says
├── LoginEnded    the session, token or person behind a live connection has ended
├── NotConfirmed  a receipt was refused: what was to be seen or acknowledged cannot be
├── Resynced      the number belongs to an inbox from before a restore and means nothing any more
└── LiveClosed    the live connection was closed by this client
"""

from collections.abc import Mapping, Sequence
from email.message import Message
from typing import Any


class CareHubError(Exception):
    """Base of everything that this client raises on purpose."""


class Unreachable(CareHubError):
    """No answer came. Repeat a write only with the same idempotency key."""


class BadAnswer(CareHubError):
    """Something answered, but not as CareHub does: a wrong address, a proxy's page, or a newer protocol."""


class LoginEnded(CareHubError):
    """Log in again: the server has ended this session, token or person."""


class NotConfirmed(CareHubError):
    """The server refused this `seen` or `acknowledge`; repeating it would not help."""


class Resynced(CareHubError):
    """The installation was restored, or the cursor was never its own: fetch afresh what you show."""


class LiveClosed(CareHubError):
    """Nothing more is said or heard on this live connection."""


class Problem(CareHubError):
    """A problem+json answer (RFC 9457), or any other answer with a status of 300 or more.

    `code` is the server's machine word, else `http_<status>`; `errors` names the faulty fields; `document`
    is the whole answer, empty when it was not JSON.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        errors: Sequence[Mapping[str, Any]] = (),
        headers: Message | None = None,
        document: Mapping[str, Any] | None = None,
    ) -> None:
        places = ", ".join(str(e["pointer"]) for e in errors if e.get("pointer"))
        super().__init__(f"{status} {code}: {detail}{places and f' (at {places})'}")
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = list(errors)
        self.headers = headers if headers is not None else Message()
        self.document = document if document is not None else {}

    @property
    def retry_after(self) -> float | None:
        """The server's Retry-After in seconds; dates are not understood and count as absent."""
        try:
            return max(0.0, float(self.headers["Retry-After"]))
        except (TypeError, ValueError):
            return None
