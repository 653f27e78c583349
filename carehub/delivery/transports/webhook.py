"""Signed webhooks to a gateway, as the Standard Webhooks specification says (docs/webhooks.md)."""

import base64
import functools
import hashlib
import hmac
import http.client
import json
import secrets
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from django.conf import settings
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from carehub.core.errors import InvalidInput
from carehub.delivery.models import Dispatch

from .cutoff import cut_off
from .interface import MINUTES_1_2_4_8, SEND_SECONDS, TEXT, Notice, Policy, Refused, TryAgain
from .targets import Target, Unresolved, check_target

CONNECT_SECONDS, READ_SECONDS = 3.0, 5.0
LONGEST_RETRY_AFTER = timedelta(hours=1)
PASSING = frozenset({408, 425, 429})
PREFIX = "whsec_"


@dataclass(frozen=True, slots=True)
class Destination:
    """A gateway's address and secrets, and who is meant there."""

    url: str
    secrets: tuple[str, ...]
    to: str


class Webhook:
    policy = Policy(retries=MINUTES_1_2_4_8, lanes=2, seats=12)

    def address(self, dispatch: Dispatch) -> Destination | None:
        """The gateway of the contact point, while both stand."""
        point = dispatch.contact_point
        if point is None or point.removed_at is not None or point.gateway.closed_at is not None:
            return None
        gateway = point.gateway
        keys = [gateway.secret]
        if gateway.previous_until and dispatch.claimed_at and dispatch.claimed_at < gateway.previous_until:
            keys.append(gateway.previous_secret)
        return Destination(gateway.url, tuple(keys), point.value)

    def send(self, notice: Notice, address: Destination) -> None:
        """POST the constant notice, signed; any 2xx is taken. Raises TryAgain or Refused."""
        began = time.monotonic()
        try:
            target = check_target(address.url)
        except InvalidInput:
            raise Refused("address not allowed") from None
        except Unresolved:
            raise TryAgain("name not found") from None
        body = json.dumps(
            {
                "id": str(notice.key),
                "type": "notice",
                "to": address.to,
                "text": TEXT,
                "url": settings.PUBLIC_URL,
                "at": notice.at.isoformat(),
            }
        ).encode()
        headers = signed(body, key=str(notice.key), at=notice.attempted_at, secrets=address.secrets)
        status, retry_after = _post(target, body, headers, SEND_SECONDS - (time.monotonic() - began))
        _judge(status, _wait(retry_after, notice.attempted_at))


def new_secret() -> str:
    """A secret as the specification writes it: 32 random bytes."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def signed(body: bytes, *, key: str, at: datetime, secrets: Sequence[str]) -> dict[str, str]:
    """The three headers of the specification; one signature for each secret."""
    stamp = str(int(at.timestamp()))
    content = f"{key}.{stamp}.".encode() + body
    signatures = [
        "v1," + base64.b64encode(hmac.digest(_raw(secret), content, hashlib.sha256)).decode() for secret in secrets
    ]
    return {"webhook-id": key, "webhook-timestamp": stamp, "webhook-signature": " ".join(signatures)}


def _raw(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix(PREFIX))


@functools.cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def _connection(target: Target) -> HTTPConnection:
    """To the very address that was checked; the name that was given is what the certificate must say."""
    address = str(target.addresses[0])
    if not target.is_tls:
        return HTTPConnection(address, target.port, timeout=CONNECT_SECONDS)
    return HTTPSConnection(
        address,
        target.port,
        timeout=CONNECT_SECONDS,
        server_hostname=target.host,
        ssl_context=_tls(),
        cert_reqs="CERT_REQUIRED",
    )


def _post(target: Target, body: bytes, headers: dict[str, str], seconds: float) -> tuple[int, str | None]:
    """The answer's status and its Retry-After. No proxy, no redirect. Raises TryAgain."""
    if seconds <= 0:
        raise TryAgain("name found too late")
    connection = _connection(target)
    fields = {
        **headers,
        "Host": target.authority,
        "Content-Type": "application/json",
        "User-Agent": "CareHub",
        "Connection": "close",
        "Idempotency-Key": headers["webhook-id"],
    }
    with cut_off(seconds, lambda: connection.sock) as was_cut:
        try:
            connection.connect()
            if was_cut.is_set():  # there was no socket to shut down yet
                raise TryAgain("too slow")
            connection.timeout = READ_SECONDS  # the socket's own would be overwritten by this before the answer is read
            connection.request("POST", target.path, body=body, headers=fields, preload_content=False)
            response = connection.getresponse()
            if was_cut.is_set():
                raise TryAgain("too slow")
            # The status says everything; of the body not a byte is read, however much of it there is.
            return response.status, response.headers.get("Retry-After")
        except (OSError, HTTPError, http.client.HTTPException) as error:
            raise TryAgain("too slow" if was_cut.is_set() else type(error).__name__) from None
        finally:
            connection.close()


def _judge(status: int, retry_after: timedelta | None) -> None:
    if 200 <= status < 300:
        return
    if status in PASSING or status >= 500:
        raise TryAgain(f"status {status}", retry_after=retry_after)
    raise Refused(f"status {status}")


def _wait(header: str | None, now: datetime) -> timedelta | None:
    """Retry-After in seconds or as a date, an hour at most; None for anything else."""
    if header is None:
        return None
    if header.strip().isascii() and header.strip().isdigit() and len(header.strip()) < 10:
        asked = timedelta(seconds=int(header))
    else:
        try:
            until = parsedate_to_datetime(header)
            asked = until.astimezone(UTC) - now
        except (ValueError, TypeError, OverflowError):
            return None
    return min(max(asked, timedelta()), LONGEST_RETRY_AFTER)
