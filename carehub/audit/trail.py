"""The trail. Actions and receipts write what was done, queries what was read, the error handler what was denied."""

import contextvars
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from carehub.core.clock import DatabaseNow

from .models import Entry

VERBS: dict[str, str] = {
    "record.open": "opened the record",
    "record.read": "read the record",
    "caseload.read": "listed their records",
    "member.add": "added somebody to the team",
    "member.cover": "was given a place on the team as cover",
    "membership.end": "ended a place on the team",
    "shift.add": "put somebody on the rota",
    "shift.cancel": "took somebody off the rota",
    "absence.add": "entered an absence",
    "absence.cancel": "cancelled an absence",
    "cover.miss": "was told that nobody will cover a role",
    "person.deactivate": "ended somebody's access",
    "plan.revise": "revised the treatment plan",
    "plan.read": "read the treatment plan",
    "goal.progress": "recorded progress on a goal",
    "flag.raise": "raised a medical flag",
    "flag.answer": "answered a medical flag",
    "flag.read": "read the medical flags",
    "message.post": "wrote a message",
    "message.read": "read the messages",
    "timeline.read": "read the timeline",
    "inbox.read": "read their inbox",
    "event.acknowledge": "acknowledged an event",
    "delivery.read": "looked up who has seen an event",
    "uncommunicated.read": "listed open obligations",
    "report.read": "read a report on how people are reached",
    "obligation.escalate": "was told of an overdue obligation",
    "incident.open": "was given an incident",
    "incident.read": "listed incidents",
    "incident.close": "closed an incident",
    "rules.adopt": "adopted rules for an organization",
    "gateway.open": "connected a gateway",
    "gateway.rotate": "renewed a gateway's secret",
    "gateway.close": "closed a gateway",
    "gateway.try": "tried a gateway",
    "contact-point.add": "added a contact point of their own",
    "contact-point.remove": "removed a contact point of their own",
    "preferences.set": "chose when to be reached",
    "session.start": "logged in",
    "session.end": "logged out",
    "token.issue": "was given an access token",
    "token.revoke": "revoked an access token",
    "access.denied": "was refused",
}
"""Every verb with the words that follow a person's name. A verb that is not here cannot be written."""

DENIED_PER_MINUTE = 60

address: contextvars.ContextVar[str | None] = contextvars.ContextVar("address", default=None)
"""Where the current request comes from; set by config/middleware.py."""

opened: contextvars.ContextVar[set[tuple[UUID, UUID | str]] | None] = contextvars.ContextVar("opened", default=None)
"""What the current request has opened already; set by config/middleware.py."""


def wrote(
    verb: str,
    *,
    by: UUID,
    record_id: UUID | None = None,
    patient_id: UUID | None = None,
    on: UUID | None = None,
) -> None:
    """A change was made, in the same transaction as this line."""
    _write(Entry.Outcome.DONE, verb, by, record_id, [patient_id] if patient_id else [], on)


def read(
    verb: str,
    *,
    by: UUID,
    record_id: UUID | None = None,
    patient_ids: Sequence[UUID] = (),
    on: UUID | None = None,
) -> None:
    """A patient's content was opened: one line for a request and record, whatever parts of it the request shows."""
    seen, key = opened.get(), (by, record_id or verb)
    if seen is not None:
        if key in seen:
            return
        seen.add(key)
    _write(Entry.Outcome.READ, verb, by, record_id, patient_ids, on)


def denied(*, by: UUID | None, reason: str, record_id: UUID | None = None, on: UUID | None = None) -> None:
    """An attempt was refused: which record and which thing were asked for, whether they exist or not.

    At most 60 lines a person and minute, so that a loop cannot fill the disk.
    """
    recent = Entry.objects.filter(
        person_id=by, outcome=Entry.Outcome.DENIED, at__gt=DatabaseNow() - timedelta(minutes=1)
    )
    if recent.count() < DENIED_PER_MINUTE:
        _write(Entry.Outcome.DENIED, "access.denied", by, record_id, [], on, reason=reason[:200])


def _write(
    outcome: Entry.Outcome,
    verb: str,
    by: UUID | None,
    record_id: UUID | None,
    patient_ids: Sequence[UUID],
    on: UUID | None,
    reason: str = "",
) -> None:
    if verb not in VERBS:
        raise KeyError(f"{verb} is not a verb of the trail; add it to audit.trail.VERBS with its words")
    Entry.objects.create(
        person_id=by,
        outcome=outcome,
        verb=verb,
        record_id=record_id,
        patient_ids=list(patient_ids),
        object_id=on,
        address=address.get(),
        reason=reason,
    )
