"""Work that may be late. A task carries an id; the row it names is the truth, and a sweep finds what was lost."""

import logging
import smtplib
from typing import Any
from uuid import UUID

from celery import shared_task
from django.db import connection
from kombu.exceptions import OperationalError

from carehub.core.failpoints import fail_point

from . import transports, verify
from .models import Dispatch

logger = logging.getLogger(__name__)

ATTEMPTS = 5


def enqueue(task: Any, *ids: UUID, expires: float | None = None) -> bool:
    """Hand ids to a worker, for `expires` seconds at most; False for a broker that does not answer: a sweep retries."""
    try:
        task.apply_async([str(id) for id in ids], retry=False, expires=expires)
    except (OperationalError, OSError) as error:
        logger.warning("tasks: the broker does not answer (%s); the sweep tries again", type(error).__name__)
        return False
    return True


@shared_task(name="delivery.send_dispatch")
def send_dispatch(dispatch_id: str) -> None:
    """Claim one notice, send it, mark it. A claim older than five minutes may be taken over."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE delivery_dispatch SET state = 'claimed', claimed_at = carehub_now(), attempts = attempts + 1
             WHERE id = %s AND (state = 'queued'
                                OR (state = 'claimed' AND claimed_at < carehub_now() - interval '5 minutes'))
            RETURNING attempts
            """,
            [dispatch_id],
        )
        claimed = cursor.fetchone()
    if claimed is None:
        return
    fail_point("after_lease")
    dispatch = Dispatch.objects.select_related("person").get(pk=dispatch_id)
    try:
        transports.send_mail(dispatch, dispatch.person)
    except (OSError, smtplib.SMTPException) as error:
        logger.warning("dispatch %s: not sent (%s)", dispatch.pk, type(error).__name__)
        _retry_later(dispatch_id, claimed[0])
        return
    fail_point("after_send_before_mark")
    _mark_sent(dispatch_id)


def _retry_later(dispatch_id: str, attempts: int) -> None:
    """Again after 1, 2, 4, 8 minutes; failed after five attempts."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE delivery_dispatch SET state = %s, next_attempt_at = carehub_now() + %s * interval '1 minute'"
            " WHERE id = %s",
            ["failed" if attempts >= ATTEMPTS else "queued", 2 ** (attempts - 1), dispatch_id],
        )


def _mark_sent(dispatch_id: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH sent AS (
                UPDATE delivery_dispatch SET state = 'sent', sent_at = carehub_now() WHERE id = %s
                RETURNING escalation_id
            )
            UPDATE delivery_escalation SET result = 'sent' WHERE id = (SELECT escalation_id FROM sent)
            """,
            [dispatch_id],
        )


@shared_task(name="delivery.verify_ledger")
def verify_ledger() -> None:
    """Look at the whole ledger and keep what was found for readiness; a finding is logged by ids."""
    findings = list(verify.look(statement_timeout=verify.TASK_STATEMENT_TIMEOUT))
    for finding in findings:
        if finding.broken:
            logger.error("ledger: %s: %s broken; first %s", finding.invariant.name, finding.broken, finding.first)
    verify.remember(findings)
