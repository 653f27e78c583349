"""My inbox: what I must know, by deadline; what came lately; my records."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse

from carehub.access.capabilities import Capability
from carehub.access.policy import workplaces
from carehub.core.errors import NotVisible
from carehub.delivery import queries, receipts
from carehub.directory.models import Person
from carehub.events.models import Delivery
from carehub.records.queries import caseload

from .. import cards
from ..forms import State
from ..pages import frame, go, is_partial, page, parts, show

OPEN_LIMIT = 100
FEED_LIMIT = 20
CASELOAD_LIMIT = 100


def _open(by: Person) -> dict[str, Any]:
    rows = queries.open_page(by=by, after=None, limit=OPEN_LIMIT)
    return {"open": cards.from_inbox(by, rows), "is_cut": len(rows) == OPEN_LIMIT}


def _feed(by: Person) -> dict[str, Any]:
    return {"feed": cards.from_inbox(by, queries.recent(by=by, limit=FEED_LIMIT))}


def _caseload(by: Person) -> dict[str, Any]:
    return {"caseload": caseload(by=by, limit=CASELOAD_LIMIT)}


REGIONS: dict[str, Callable[[Person], dict[str, Any]]] = {
    "open": _open,
    "feed": _feed,
    "caseload": _caseload,
}


@page("own inbox")
def inbox(request: HttpRequest, by: Person) -> HttpResponse:
    """What I must know, first."""
    return whole(request, by)


@page("own inbox")
def region(request: HttpRequest, by: Person, name: str) -> HttpResponse:
    """One part of the inbox afresh."""
    if name not in REGIONS:
        raise NotVisible()
    return parts(request, f"inbox/{name}.html", context=REGIONS[name](by))


def whole(request: HttpRequest, by: Person, forms: dict[str, State] | None = None) -> HttpResponse:
    """The whole page, with an answer as it was typed."""
    status = max((state.status for state in (forms or {}).values()), default=200)
    context = frame(by) | _open(by) | _feed(by) | _caseload(by) | {"forms": forms or {}}
    context["organizations"] = workplaces(by, Capability.RULES_READ)
    return show(request, "inbox.html", context, status=status)


@page("own inbox", "POST")
def acknowledge(request: HttpRequest, by: Person) -> HttpResponse:
    """Acknowledge without a socket."""
    n = request.POST.get("n", "")
    if n.isascii() and n.isdigit() and len(n) < 16:
        receipts.mark(person_id=by.pk, acknowledge=[int(n)])
    return go(request, "/")


@page("told of the event")
def meter(request: HttpRequest, by: Person, event_id: UUID) -> HttpResponse:
    """How far an event is, in figures."""
    found = queries.progress(by=by, event_ids=[event_id])
    if event_id not in found:
        raise NotVisible()
    return parts(request, "meter.html", context={"p": found[event_id]})


@page("told of the event")
def who_has_seen(request: HttpRequest, by: Person, event_id: UUID) -> HttpResponse:
    """Everybody on the team at that event, with how far each is."""
    rows = queries.who_has_seen(by=by, event_id=event_id)
    people = [Reader(row, queries.state_of(row)) for row in rows]
    if is_partial(request):
        return parts(request, "who_has_seen.html", context={"people": people})
    return show(request, "seen.html", frame(by) | {"people": people})


@dataclass(frozen=True, slots=True)
class Reader:
    """One person at one event."""

    row: Delivery
    state: str

    @property
    def at(self) -> datetime | None:
        """When he reached that state."""
        return self.row.outcome_at or self.row.seen_at or self.row.received_at
