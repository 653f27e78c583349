"""What coordinators look after: what is uncommunicated, and the reports."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Literal
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from carehub.core.errors import InvalidInput
from carehub.delivery import queries
from carehub.delivery.ladder import Step, next_step
from carehub.directory.models import Person
from carehub.events.catalogue import Priority
from carehub.events.models import Delivery
from carehub.reports.queries.interruptions import interruptions
from carehub.reports.queries.scope import reportable
from carehub.reports.queries.times import times
from carehub.reports.queries.uncommunicated import Climbed, Only, choices, rungs, totals, uncommunicated
from carehub.reports.words import why

from .. import charts
from ..forms import State, Typed, read
from ..pages import frame, page, parts, show

LIMIT = 100


class Choose(Typed):
    record: UUID | None = None
    person: UUID | None = None
    organization: UUID | None = None
    priority: Priority | None = None
    overdue: bool = False


class ChooseReport(Typed):
    organization: UUID | None = None
    since: date | None = None
    until: date | None = None
    stage: Literal["done", "seen", "received"] = "done"


@dataclass(frozen=True, slots=True)
class Silence:
    """One open obligation as an overseer sees it."""

    row: Delivery
    state: str
    why: str
    climbed: Sequence[Climbed]
    step: Step | None

    @classmethod
    def page(cls, rows: list[Delivery]) -> list["Silence"]:
        """Each row with its reason and its rungs."""
        climbed = rungs(rows)
        return [
            cls(row, queries.state_of(row), why(row), climbed.get((row.event_id, row.person_id), ()), next_step(row))
            for row in rows
        ]


@page("obligation.oversee")
def silences(request: HttpRequest, by: Person) -> HttpResponse:
    """Open obligations on the records that I oversee, the most overdue first."""
    return all_silences(request, by)


@page("obligation.oversee")
def silences_region(request: HttpRequest, by: Person) -> HttpResponse:
    """The same without the page around it; 204, and no line of the trail, while nothing has changed since `unless`."""
    only = _only(request)
    if request.GET.get("unless") == totals(by=by, only=only).stamp:
        return HttpResponse(status=204)
    return parts(request, "inbox/uncommunicated.html", context=region(request, by))


def all_silences(request: HttpRequest, by: Person, forms: Mapping[str, State] | None = None) -> HttpResponse:
    """The whole page, with a reason as it was typed."""
    status = max((state.status for state in (forms or {}).values()), default=200)
    context = frame(by) | region(request, by) | {"forms": forms or {}, "choices": choices(by=by)}
    return show(request, "uncommunicated.html", context, status=status)


def region(request: HttpRequest, by: Person) -> dict[str, Any]:
    """What is open under the choice that the address makes."""
    only = _only(request)
    sums = totals(by=by, only=only)  # first: what changes after it is found by the next comparison
    rows = list(uncommunicated(by=by, limit=LIMIT, only=only))
    chosen = {name: str(value).lower() for name, value in asdict(only).items() if value}
    return {
        "rows": Silence.page(rows),
        "incidents": [
            (row, queries.silent_people(row)) for row in queries.incidents(by=by, is_open=True, only=only.incidents())
        ],
        "is_cut": len(rows) == LIMIT,
        "totals": sums,
        "chosen": chosen,
        "query": urlencode(chosen),
        "renewal": urlencode(chosen | {"unless": sums.stamp}),
    }


@page("report.read")
def reports(request: HttpRequest, by: Person) -> HttpResponse:
    """How long it takes until people know, and how often they are interrupted."""
    organizations = reportable(by=by)
    context = frame(by) | {"organizations": organizations, "stages": charts.STAGES, "form": request.GET}
    try:
        form = read(request.GET, ChooseReport)
        if form.organization is None and not context["is_overseer"] and organizations:
            form.organization = organizations[0][0]
        context |= {"form": form, "stage": charts.STAGES[form.stage]}
        context |= _report(by, form)
    except InvalidInput as refusal:
        return show(request, "reports.html", context | {"refusal": refusal}, status=refusal.status)
    return show(request, "reports.html", context)


def _report(by: Person, form: ChooseReport) -> dict[str, Any]:
    until = _midnight(form.until + timedelta(days=1)) if form.until else None
    since = _midnight(form.since) if form.since else None
    reached = times(by=by, organization=form.organization, since=since, until=until)
    interrupted = interruptions(by=by, organization=form.organization, since=reached.since, until=reached.until)
    return {
        "times": reached,
        "charts": charts.bars(reached.rows, form.stage),
        "interrupted": interrupted,
        "week": charts.week(interrupted.hours, timezone.get_current_timezone()),
        "hours": range(24),
        "last": reached.until - timedelta(microseconds=1),
    }


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))


def _only(request: HttpRequest) -> Only:
    form = read(request.GET, Choose)
    return Only(form.record, form.person, form.organization, form.priority, form.overdue)
