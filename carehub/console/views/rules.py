"""An organization's rules in words; whoever may changes its clocks."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest, HttpResponse

from carehub.access import queries
from carehub.access.actions import RulesWereAdopted, adopt_rules
from carehub.access.floors import FLOORS
from carehub.access.rulebook import Book
from carehub.access.words import OWNER_NEEDED, ask_sentence, duration, in_groups, priority_sentence
from carehub.core.errors import CareHubError, InvalidInput, NotAllowed, NotVisible
from carehub.core.idempotency import Made
from carehub.directory.models import Person
from carehub.events.catalogue import PRIORITIES

from .. import words
from ..clockform import ClockForm, from_book, from_post
from ..pages import frame, go, once, page, show

VERSIONS = 50


@dataclass(frozen=True, slots=True)
class Group:
    """What the rules say of one event: sentences with their sources."""

    title: str
    sentences: Sequence[tuple[str, str]]


@page("rules.read")
def rules(request: HttpRequest, by: Person, organization_id: UUID) -> HttpResponse:
    """The rules in force, and those before them."""
    return _show(request, by, organization_id)


@page("rules.manage", "POST")
def adopt_clocks(request: HttpRequest, by: Person, organization_id: UUID) -> HttpResponse:
    """Put other clocks in force; what is asked of whom stays."""
    read = queries.read_rules(by=by, organization_id=organization_id)
    form = from_post(request.POST)

    def act() -> Made:
        if not form.base.isascii() or not form.base.isdigit() or len(form.base) > 9:
            raise InvalidInput("This form came without the version that it changes. Reload the page.")
        adopted = adopt_rules(
            by=by,
            organization_id=organization_id,
            base=int(form.base),
            book=form.book(read.book),
            reason=form.reason,
        )
        return {"version": adopted.version}

    try:
        once(request, by, act)
    except (NotVisible, NotAllowed):
        raise
    except CareHubError as refusal:
        form.refusal = refusal
        if isinstance(refusal, RulesWereAdopted):
            form.base = str(refusal.extra["current_version"])
        return _show(request, by, organization_id, form)
    return go(request, f"/organizations/{organization_id}/rules")


def _show(request: HttpRequest, by: Person, organization_id: UUID, form: ClockForm | None = None) -> HttpResponse:
    around = frame(by)
    read = queries.read_rules(by=by, organization_id=organization_id)
    context = around | {
        "read": read,
        "notice": OWNER_NEEDED,
        "clocks": _clocks(read.book),
        "groups": _groups(read.book),
        "floors": FLOORS,
        "versions": queries.versions(by=by, organization_id=organization_id, limit=VERSIONS),
        "is_cut": read.number > VERSIONS,
        "form": (form or from_book(read.book, base=read.number)) if read.may_manage else None,
    }
    return show(request, "rules.html", context, status=form.refusal.status if form and form.refusal else 200)


def _clocks(book: Book) -> list[tuple[str, Sequence[str], str]]:
    rows = ((priority, book.clocks.of(priority)) for priority in reversed(PRIORITIES))
    return [
        (p, [duration(c.delivered_minutes), duration(c.acknowledged_minutes), duration(c.incident_minutes)], c.source)
        for p, c in rows
    ]


def _groups(book: Book) -> list[Group]:
    """By event; those of which nothing is asked come last."""
    found = [
        Group(
            words.title(event),
            [
                *((ask_sentence(book, ask), ask.source) for ask in asks),
                (priority_sentence(priority), priority.source),
            ],
        )
        for event, priority, asks in in_groups(book)
    ]
    return sorted(found, key=lambda group: len(group.sentences) == 1)
