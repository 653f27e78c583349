"""A notice is claimed, sent, and marked; and what its channel can bear.

1. Lock the channel: while it is paused nothing is claimed, and no more than its lanes are under way at once - one, as
   long as its last send failed.
2. Claim the most pressing due notice for 30 s. A routine one takes along everything that waits for the same digest:
   they leave as one, under one key, and stay together at each retry.
3. Commit, then send. A worker that dies here leaves a claim that runs out; the next one sends under the same key.
4. Mark: sent; or again later; or failed, and the next way is queued in the same transaction. The breaker learns of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Case, IntegerField, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce

from carehub.core.clock import now
from carehub.events.catalogue import PRIORITIES

from . import notices
from .models import Channel, Dispatch, Escalation
from .transports import LEASE_SECONDS, TRANSPORTS, NotSent, TryAgain

LEASE = timedelta(seconds=LEASE_SECONDS)
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=5)
HANDED_OVER_FOR = timedelta(seconds=10)
AT_MOST = 500

_OPEN = Q(state__in=[Dispatch.State.QUEUED, Dispatch.State.CLAIMED])
_MOST_PRESSING_FIRST = Case(
    *(When(priority=priority, then=Value(rank)) for rank, priority in enumerate(reversed(PRIORITIES))),
    default=Value(len(PRIORITIES)),
    output_field=IntegerField(),
)


@dataclass(frozen=True, slots=True)
class Claim:
    """Notices that are now this worker's to send, as one; `rows` are one unless it is a digest."""

    channel_id: UUID
    rows: Sequence[Dispatch]
    at: datetime

    @property
    def lead(self) -> Dispatch:
        """The first of them, whose address is theirs."""
        return self.rows[0]

    @property
    def key(self) -> UUID:
        """What the provider knows this sending by, at each attempt."""
        return self.lead.key or self.lead.pk


@transaction.atomic
def claim(channel_id: UUID) -> Claim | None:
    """Claim what this channel must send next; None when nothing is due, it is paused, or its lanes are taken."""
    channel = Channel.objects.select_for_update(no_key=True).filter(pk=channel_id).first()
    at = now()
    if channel is None or (channel.paused_until is not None and channel.paused_until > at):
        return None
    here = Dispatch.objects.filter(_OPEN, channel=channel)
    lanes = 1 if channel.failures else TRANSPORTS[channel.transport].policy.lanes
    under_way = here.filter(state=Dispatch.State.CLAIMED, next_attempt_at__gt=at)
    if under_way.values_list(Coalesce("key", "pk")).distinct().count() >= lanes:
        return None
    due = here.filter(next_attempt_at__lte=at)
    lead = due.order_by(_MOST_PRESSING_FIRST, "next_attempt_at", "id").first()
    if lead is None:
        return None
    # A row that was passed on meanwhile is no longer open and stays out.
    Dispatch.objects.filter(_OPEN, pk__in=_together(due, lead)).update(
        state=Dispatch.State.CLAIMED,
        claimed_at=at,
        next_attempt_at=at + LEASE,
        attempts=lead.attempts + 1,
        key=lead.key or (lead.pk if lead.is_digest else None),
    )
    rows = here.filter(state=Dispatch.State.CLAIMED, claimed_at=at, next_attempt_at=at + LEASE)
    found = list(rows.select_related("person", "contact_point__gateway").order_by("id"))
    return Claim(channel.pk, found, at) if found else None


def _together(due: "QuerySet[Dispatch]", lead: Dispatch) -> list[UUID]:
    """The notice alone; for a digest whatever waits for the same one, and after an attempt those that shared it."""
    if not lead.is_digest:
        return [lead.pk]
    own = Q(key=lead.key) if lead.attempts else Q(attempts=0)
    same = due.filter(own, is_digest=True, person_id=lead.person_id, contact_point_id=lead.contact_point_id)
    return list(same.order_by("id").values_list("pk", flat=True)[:AT_MOST])


@transaction.atomic
def sent(claim: Claim) -> None:
    """The provider has taken it."""
    _lock(claim)
    rows = Dispatch.objects.filter(pk__in=[row.pk for row in claim.rows])
    rows.update(state=Dispatch.State.SENT, sent_at=now(), result="")
    rungs = [row.escalation_id for row in claim.rows if row.escalation_id]
    Escalation.objects.filter(pk__in=rungs).update(result="sent")
    _works(claim.channel_id)


@transaction.atomic
def not_sent(claim: Claim, why: NotSent) -> None:
    """The provider has not taken it: again by the transport's policy, or never, and then the next way."""
    channel = _lock(claim)
    # A claim that another worker has taken over is his to mark.
    mine = Dispatch.objects.filter(
        pk__in=[row.pk for row in claim.rows], state=Dispatch.State.CLAIMED, attempts=claim.lead.attempts
    )
    wait = _wait(channel, claim.lead.attempts, why)
    if wait is not None:
        mine.update(state=Dispatch.State.QUEUED, next_attempt_at=now() + wait, result=why.reason)
    else:
        failed = list(mine.select_for_update())
        mine.update(state=Dispatch.State.FAILED, result=why.reason)
        notices.pass_on(failed, notices.next_ways(failed))
    if isinstance(why, TryAgain) and why.is_of_channel:
        _fails(channel, why.retry_after)
    else:
        _works(channel.pk)


def _wait(channel: Channel, attempts: int, why: NotSent) -> timedelta | None:
    retries = TRANSPORTS[channel.transport].policy.retries
    if not isinstance(why, TryAgain) or attempts > len(retries):
        return None
    return max(retries[attempts - 1], why.retry_after or timedelta())


def _lock(claim: Claim) -> Channel:
    return Channel.objects.select_for_update(no_key=True).get(pk=claim.channel_id)


def _works(channel_id: UUID) -> None:
    Channel.objects.filter(pk=channel_id, failures__gt=0).update(failures=0, paused_until=None)


def _fails(channel: Channel, retry_after: timedelta | None) -> None:
    """Pause: 5 s, 10 s, 20 s ... five minutes; longer only when the provider asks for it."""
    pause = min(FIRST_PAUSE * 2 ** min(channel.failures, 10), LONGEST_PAUSE)
    channel.failures += 1
    channel.paused_until = now() + max(pause, retry_after or timedelta())
    channel.save(update_fields=["failures", "paused_until"])


def hand_over() -> list[tuple[UUID, int]]:
    """Channels with due notices that no worker has been asked to look at, each with how many lanes it can bear.

    Due are also notices whose claim ran out. A worker that was asked and is lost is replaced after 10 s.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE delivery_channel c SET handed_over_at = carehub_now()
             WHERE (paused_until IS NULL OR paused_until <= carehub_now())
               AND (handed_over_at IS NULL OR handed_over_at <= carehub_now() - %s * interval '1 second')
               AND EXISTS (SELECT 1 FROM delivery_dispatch d
                            WHERE d.channel_id = c.id AND d.state IN ('queued', 'claimed')
                              AND d.next_attempt_at <= carehub_now())
            RETURNING c.id, c.transport, c.failures
            """,
            [HANDED_OVER_FOR.total_seconds()],
        )
        found = cursor.fetchall()
    return [(id, 1 if failures else TRANSPORTS[transport].policy.lanes) for id, transport, failures in found]


def handed_back(channel_id: UUID) -> None:
    """A worker has looked; what falls due from now on is handed over afresh."""
    Channel.objects.filter(pk=channel_id, handed_over_at__isnull=False).update(handed_over_at=None)


@transaction.atomic
def pass_by_failing_channels() -> int:
    """Try the next way of notices that wait behind a channel that fails; those without another way wait on."""
    waiting = Dispatch.objects.filter(
        state=Dispatch.State.QUEUED, is_test=False, passes_on_at__lte=now(), channel__failures__gt=0
    ).exclude(priority__in=notices.ALL_AT_ONCE)
    rows = list(waiting.order_by("passes_on_at").select_for_update(of=("self",), skip_locked=True)[:AT_MOST])
    following = notices.next_ways(rows)
    passing = [row for row in rows if row.pk in following]
    waiting_on = [row.pk for row in rows if row.pk not in following]
    if waiting_on:
        Dispatch.objects.filter(pk__in=waiting_on).update(passes_on_at=None)
    if passing:
        ids = [row.pk for row in passing]
        Dispatch.objects.filter(pk__in=ids).update(state=Dispatch.State.FAILED, result="the channel is down")
        notices.pass_on(passing, following)
    return len(passing)


def withdraw_ended(channel_id: UUID) -> None:
    """A notice that was held back is not sent when nothing waits any more: it would only disturb.

    Where a newer version took the obligation over, with the rungs that were climbed, the notice is still needed.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE delivery_dispatch d SET state = 'withdrawn'
             WHERE d.channel_id = %s AND d.state = 'queued' AND d.attempts = 0
               AND d.next_attempt_at <= carehub_now() AND d.next_attempt_at > d.queued_at + interval '1 minute'
               AND (EXISTS (SELECT 1 FROM delivery_escalation s
                             JOIN events_delivery e ON e.event_id = s.event_id AND e.person_id = s.person_id
                            WHERE s.id = d.escalation_id AND e.outcome IS NOT NULL
                              AND NOT (e.outcome = 'superseded' AND EXISTS (
                                  SELECT 1 FROM events_event older
                                    JOIN events_event newer ON newer.record_id = older.record_id
                                         AND newer.topic = older.topic AND newer.seq > older.seq
                                    JOIN events_delivery o ON o.event_id = newer.id AND o.person_id = e.person_id
                                   WHERE older.id = e.event_id AND o.due_at IS NOT NULL AND o.outcome IS NULL)))
                    OR EXISTS (SELECT 1 FROM delivery_incident i
                                WHERE i.id = d.incident_id AND i.closed_at IS NOT NULL))
            """,
            [channel_id],
        )
