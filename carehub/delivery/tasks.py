"""Work that may be late. A task carries an id; the row it names is the truth, and a sweep finds what was lost."""

import logging
import threading
import time
from typing import Any
from uuid import UUID

from celery import shared_task
from django.db import connection
from kombu.exceptions import OperationalError

from carehub.core.failpoints import fail_point

from . import claims, verify
from .models import Channel
from .transports import TRANSPORTS, Notice, NotSent, Refused, Transport, TryAgain

logger = logging.getLogger(__name__)

LOOKS_FOR_SECONDS = 5.0
"""After this long a worker begins no other send for a channel: whoever waits for a thread has his turn."""

_seats = {name: threading.BoundedSemaphore(transport.policy.seats) for name, transport in TRANSPORTS.items()}
"""How many threads of this process each transport may take. A channel without a seat is handed over again."""


def enqueue(task: Any, *ids: UUID, expires: float | None = None) -> bool:
    """Hand ids to a worker, for `expires` seconds at most; False for a broker that does not answer: a sweep retries."""
    try:
        task.apply_async([str(id) for id in ids], retry=False, expires=expires)
    except (OperationalError, OSError) as error:
        logger.warning("tasks: the broker does not answer (%s); the sweep tries again", type(error).__name__)
        return False
    return True


@shared_task(name="delivery.send_due")
def send_due(channel_id: str) -> None:
    """Send what is due by one channel, one after the other, for some seconds; the sweeper hands the rest over again."""
    id = UUID(channel_id)
    seat = _seats[Channel.objects.values_list("transport", flat=True).get(pk=id)]
    if not seat.acquire(blocking=False):
        claims.handed_back(id)
        return
    began = time.monotonic()
    try:
        claims.withdraw_ended(id)
        while time.monotonic() - began < LOOKS_FOR_SECONDS and (claim := claims.claim(id)):
            _send(claim)
        claims.handed_back(id)
    finally:
        seat.release()


def _send(claim: claims.Claim) -> None:
    fail_point("after_lease")
    if not connection.in_atomic_block:
        connection.close()  # back to the pool: what is sent may take seconds
    lead = claim.lead
    transport = TRANSPORTS[lead.transport]
    notice = Notice(key=claim.key, at=lead.queued_at, attempted_at=claim.at)
    try:
        address = transport.address(lead) if lead.person.is_active else None
        if address is None:
            raise Refused("no such address any more")
        _hand_to(transport, notice, address)
    except NotSent as why:
        logger.warning("dispatch %s: not sent (%s)", lead.pk, why.reason)
        claims.not_sent(claim, why)
        return
    fail_point("after_send_before_mark")
    claims.sent(claim)


def _hand_to(transport: Transport, notice: Notice, address: Any) -> None:
    """What a transport did not foresee is an attempt that failed, too: the next way must come to be tried."""
    try:
        transport.send(notice, address)
    except NotSent:
        raise
    except Exception as error:
        raise TryAgain(f"defect: {type(error).__name__}", is_of_channel=False) from None


@shared_task(name="delivery.verify_ledger")
def verify_ledger() -> None:
    """Look at the whole ledger and keep what was found for readiness; a finding is logged by ids."""
    findings = list(verify.look(statement_timeout=verify.TASK_STATEMENT_TIMEOUT))
    for finding in findings:
        if finding.broken:
            logger.error("ledger: %s: %s broken; first %s", finding.invariant.name, finding.broken, finding.first)
    verify.remember(findings)
