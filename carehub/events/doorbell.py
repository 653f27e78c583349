"""After commit, one Redis PUBLISH of ids. A lost ring costs seconds, never an event: each server scans the ledger.

A ring is JSON of ids and numbers only: `{"n": {person: n}}`, `{"receipts": [...]}`, `{"gone": [person]}` or
`{"overseers": [person]}`.
"""

import functools
import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
import redis
from django.conf import settings
from django.db import transaction

from carehub.core.failpoints import fail_point

logger = logging.getLogger(__name__)

_SILENCE_SECONDS = 2.0  # after a failure nobody waits for Redis again this long; the scan covers it
_silent_until = 0.0


def channel() -> str:
    """The Redis channel of this installation."""
    return f"{settings.CHANNEL}:doorbell"


@functools.cache
def _redis() -> "redis.Redis":
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=settings.REDIS_TIMEOUT_SECONDS,
        socket_connect_timeout=settings.REDIS_TIMEOUT_SECONDS,
        retry=None,
    )


def ring_after_commit(numbers: Mapping[UUID, int]) -> None:
    """Tell the hubs, once the open transaction has committed, that these inboxes grew."""
    _after_commit({"n": dict(numbers)})


def ring_gone_after_commit(person_ids: Sequence[UUID]) -> None:
    """Tell the hubs, once committed, that a place on a team, a session or a token of these people ended."""
    _after_commit({"gone": list(person_ids)})


def ring_receipts_after_commit(message: dict[str, Any]) -> None:
    """Tell the hubs, once committed, how far people are."""
    _after_commit(message)


def ring_overseers_after_commit(person_ids: Sequence[UUID]) -> None:
    """Tell the hubs, once committed, that something moved on records that these people oversee."""
    if person_ids:
        _after_commit({"overseers": list(person_ids)})


def _after_commit(message: dict[str, Any]) -> None:
    def ring() -> None:
        fail_point("after_commit")
        push(message)
        fail_point("after_hint")

    transaction.on_commit(ring, robust=True)


def push(message: dict[str, Any]) -> None:
    """Publish now; takes half a second at most, and nothing at all for 2 s after a failure."""
    global _silent_until
    if time.monotonic() < _silent_until:
        return
    try:
        _redis().publish(channel(), msgspec.json.encode(message))
    except redis.RedisError as error:
        _silent_until = time.monotonic() + _SILENCE_SECONDS
        logger.warning("doorbell: Redis does not answer (%s); the scan covers it", type(error).__name__)
