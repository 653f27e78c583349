"""Find the events that this version cannot show, soon after they were written, and tell the operators.

1. Every 15 s one sweeper claims the look, for the catalogue that its code has: a version that comes, or comes back,
   looks at the whole ledger once.
2. It reads the events above a mark up to which everything was looked at, and keeps those that do not fit.
3. The mark moves on to a head only when every transaction that was open at that head has ended: `seq` is in the
   order of commits for each inbox, not for all, so that a lower one may still appear.
4. What could not be shown is tried again, and resolved by a version that can.
"""

import functools
import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection, transaction

from carehub.core.clock import DatabaseNow
from carehub.events.catalogue import CATALOGUE
from carehub.events.rendering import fault

from .models import Unrenderable

logger = logging.getLogger(__name__)

PERIOD = timedelta(seconds=15)
GIVE_UP_AFTER = timedelta(minutes=10)  # no transaction of ours lasts so long; another database's may hold the horizon
PAGE = 2_000
PAGES = 20

_CLAIM = """
INSERT INTO delivery_renderlook AS look (catalogue, due_at, looked, head, horizon, head_at)
VALUES (%(catalogue)s, carehub_now() + %(period)s, 0, 0, 0, carehub_now())
ON CONFLICT (catalogue) DO UPDATE SET due_at = excluded.due_at WHERE look.due_at <= carehub_now()
RETURNING looked, head, horizon, head_at < carehub_now() - %(give_up)s
"""

# A writer has its transaction's number before it draws `seq`. A number drawn here is thus above those of all who may
# still commit below the head; the snapshot's own upper end is not, since it counts only who has ended.
_NOW = """
SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint, pg_current_xact_id()::text::bigint,
       coalesce((SELECT max(seq) FROM events_event), 0)
"""

_KEEP = """
INSERT INTO delivery_unrenderable AS kept (event_id, reason, found_at) VALUES (%(event)s, %(reason)s, carehub_now())
ON CONFLICT (event_id) DO UPDATE SET reason = excluded.reason, found_at = excluded.found_at, resolved_at = NULL
 WHERE kept.resolved_at IS NOT NULL
RETURNING true
"""

_MOVE = """
UPDATE delivery_renderlook
   SET looked = %(looked)s, head = %(head)s, horizon = %(horizon)s,
       head_at = CASE WHEN head = %(head)s THEN head_at ELSE carehub_now() END
 WHERE catalogue = %(catalogue)s
"""


@dataclass(frozen=True, slots=True)
class _Mark:
    """Everything up to `looked` was looked at; up to `head`, once all transactions below `horizon` have ended."""

    looked: int
    head: int
    horizon: int
    is_old: bool


def look() -> int:
    """Look if it is due and nobody else does; returns how many events were newly found that cannot be shown."""
    mark = _claim()
    if mark is None:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_NOW)
        oldest, newest, head = cursor.fetchone()
    found, upto = 0, mark.looked
    for page in _pages(mark.looked):
        found += sum(_keep(id, reason) for id, reason in page.faults)
        upto = page.upto
    # What was committed since is looked at again: all of it when the page was the last, else what was reached.
    has_ended = oldest >= mark.horizon or mark.is_old
    looked = max(mark.looked, min(upto, mark.head)) if has_ended else mark.looked
    is_new = looked >= mark.head
    with connection.cursor() as cursor:
        cursor.execute(
            _MOVE,
            {
                "catalogue": fingerprint(),
                "looked": looked,
                "head": head if is_new else mark.head,
                "horizon": newest if is_new else mark.horizon,
            },
        )
    _resolve()
    return found


@functools.cache
def fingerprint() -> str:
    """What tells one version's catalogue from another's."""
    _, shapes = msgspec.json.schema_components(list(CATALOGUE.values()))
    described = msgspec.json.encode([sorted(CATALOGUE), shapes], order="deterministic")
    return hashlib.sha256(described).hexdigest()


@dataclass(frozen=True, slots=True)
class _Page:
    faults: list[tuple[UUID, str]]
    upto: int


def _pages(after: int) -> Iterator[_Page]:
    """Events above a number, in order, those that cannot be shown with the reason; as many as one look takes."""
    for _ in range(PAGES):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id, seq, type, body::text FROM events_event WHERE seq > %s ORDER BY seq LIMIT %s", [after, PAGE]
            )
            rows = cursor.fetchall()
        if not rows:
            return
        after = rows[-1][1]
        reasons = [(id, fault(type, msgspec.json.decode(body))) for id, _, type, body in rows]
        yield _Page([(id, reason) for id, reason in reasons if reason], after)
        if len(rows) < PAGE:
            return


def _claim() -> _Mark | None:
    given: dict[str, Any] = {"catalogue": fingerprint(), "period": PERIOD, "give_up": GIVE_UP_AFTER}
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, given)
        claimed = cursor.fetchone()
    return _Mark(*claimed) if claimed else None


def _keep(event_id: UUID, reason: str) -> bool:
    """Whether this is news. The log names the event by its id."""
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, {"event": event_id, "reason": reason})
        is_new = cursor.fetchone() is not None
    if is_new:
        logger.error("event %s cannot be shown by this version: %s", event_id, reason)
    return is_new


@transaction.atomic
def _resolve() -> None:
    open_rows = Unrenderable.objects.filter(resolved_at=None).select_related("event").order_by("found_at")
    fit = [row.pk for row in open_rows[:PAGE] if not fault(row.event.type, row.event.body)]
    if fit:
        Unrenderable.objects.filter(pk__in=fit).update(resolved_at=DatabaseNow())
        logger.info("%s events can be shown again", len(fit))
