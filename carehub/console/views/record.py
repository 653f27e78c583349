"""The record: team, plan, flags, messages, timeline. Each region can be fetched alone."""

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse

from carehub.access.capabilities import Capability
from carehub.access.roles import CLINICIANS
from carehub.conditions import queries as conditions
from carehub.core.errors import InvalidInput, NotVisible
from carehub.delivery.queries import progress
from carehub.directory.models import Person
from carehub.messaging import queries as messaging
from carehub.plans import queries as plans
from carehub.plans.models import Goal
from carehub.records import queries as records
from carehub.records.queries import OpenedRecord

from .. import cards
from ..codings import SUGGESTIONS
from ..forms import State
from ..pages import frame, page, parts, show

LIMIT = 50


@dataclass(slots=True)
class Content:
    """What regions show, and the events on which it depends."""

    context: dict[str, Any] = field(default_factory=dict)
    event_ids: list[UUID] = field(default_factory=list)


def _plan(by: Person, opened: OpenedRecord, found: Content) -> None:
    if Capability.PLAN_READ in opened.my_capabilities:
        read = plans.read_plan(by=by, record_id=opened.record.pk)
        revisions = plans.revisions(by=by, record_id=opened.record.pk, limit=LIMIT)
        found.context |= {"plan": read, "revisions": revisions, "achievements": Goal.Achievement.choices}
        found.event_ids += [revision.event_id for revision in revisions]


def _flags(by: Person, opened: OpenedRecord, found: Content) -> None:
    if Capability.FLAG_READ in opened.my_capabilities:
        flags = conditions.flags(by=by, record_id=opened.record.pk, limit=LIMIT)
        found.context |= {"flags": flags}
        found.event_ids += [flag.event_id for flag in flags]
        found.event_ids += [answer.event_id for flag in flags for answer in flag.answers.all()]


def _thread(by: Person, opened: OpenedRecord, found: Content) -> None:
    if Capability.MESSAGE_READ in opened.my_capabilities:
        thread = messaging.messages(by=by, record_id=opened.record.pk, limit=LIMIT)
        found.context |= {"thread": thread}
        found.event_ids += [message.event_id for message in thread]


def _timeline(by: Person, opened: OpenedRecord, found: Content, before: UUID | None = None) -> None:
    timeline = records.timeline(by=by, record_id=opened.record.pk, before=before, limit=LIMIT)
    found.context |= {"timeline": timeline, "earlier": timeline[-1].pk if len(timeline) == LIMIT else None}
    found.event_ids += [event.pk for event in timeline]


def _team(by: Person, opened: OpenedRecord, found: Content) -> None:
    if Capability.TEAM_MANAGE in opened.my_capabilities:
        found.context |= {"candidates": records.candidates(by=by, record_id=opened.record.pk)}


Load = Callable[[Person, OpenedRecord, Content], None]

REGIONS: dict[str, Load] = {
    "header": _flags,
    "plan": _plan,
    "flags": _flags,
    "thread": _thread,
    "team": _team,
    "timeline": _timeline,
}


def content(by: Person, record_id: UUID, *regions: str) -> dict[str, Any]:
    """What these regions show. A constant number of queries, whatever the team's size. Raises NotVisible."""
    return _content(by, record_id, *dict.fromkeys(REGIONS[name] for name in regions))


def _content(by: Person, record_id: UUID, *loaders: Load) -> dict[str, Any]:
    opened = records.open_one(by=by, record_id=record_id)
    found = Content()
    for load in loaders:
        load(by, opened, found)
    seen = progress(by=by, event_ids=found.event_ids)
    context = found.context | {
        "me": by,
        "opened": opened,
        "record": opened.record,
        "may": {capability.name.lower() for capability in opened.my_capabilities},
        "names": {member.membership.person_id: member.membership.person.name for member in opened.team},
        "held_roles": sorted({member.membership.role for member in opened.team} - {"patient", "caregiver"}),
        "askable_roles": sorted(CLINICIANS),
        "codings": SUGGESTIONS,
        "progress": seen,
        "forms": {},
    }
    if "timeline" in context:
        context["timeline"] = cards.from_timeline(context["timeline"], seen)
    return context


@page("record.read")
def record(request: HttpRequest, by: Person, record_id: UUID) -> HttpResponse:
    """A record as its team sees it."""
    return whole(request, by, record_id)


@page("record.read")
def region(request: HttpRequest, by: Person, record_id: UUID, name: str) -> HttpResponse:
    """One region of a record afresh."""
    if name not in REGIONS:
        raise NotVisible()
    return parts(request, f"record/{name}.html", context=content(by, record_id, name))


@page("record.read")
def timeline(request: HttpRequest, by: Person, record_id: UUID) -> HttpResponse:
    """What happened before an event, as far as I was told. Raises InvalidInput for what is no event's id."""
    given = request.GET.get("before", "")
    try:
        before = UUID(given) if given else None
    except ValueError:
        raise InvalidInput("`before` must be the id of an event of this timeline.", pointer="before") from None
    context = frame(by) | _content(by, record_id, functools.partial(_timeline, before=before))
    return show(request, "timeline.html", context)


def whole(
    request: HttpRequest, by: Person, record_id: UUID, forms: dict[str, State] | None = None, status: int = 200
) -> HttpResponse:
    """The whole page, with forms as they were typed."""
    context = frame(by) | content(by, record_id, *REGIONS)
    return show(request, "record.html", context | {"forms": forms or {}}, status=status)
