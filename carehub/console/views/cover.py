"""Who covers: now, this week; my absences; the rota, for those who keep it."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from django.http import HttpRequest, HttpResponse

from carehub.access.capabilities import Capability
from carehub.access.policy import can, workplaces
from carehub.core import zones
from carehub.core.clock import now
from carehub.core.errors import CareHubError, NotAllowed, NotVisible
from carehub.core.idempotency import Made
from carehub.directory.models import Organization, Person
from carehub.records import actions, rota

from .. import forms
from ..forms import State, read
from ..pages import frame, go, once, page, show
from ..rota import midnight, picture

WEEK = timedelta(days=7)
SHIFTS = 200


@page("cover.read")
def cover(request: HttpRequest, by: Person) -> HttpResponse:
    """The page."""
    return whole(request, by, _chosen(by, request.GET.get("at", "")))


@page("own absences", "POST")
def go_away(request: HttpRequest, by: Person) -> HttpResponse:
    """Enter an absence: one's own, or another's."""

    def act() -> Made:
        form = read(request.POST, forms.GoAway)
        absence = actions.go_away(
            by=by,
            person_id=form.person_id or by.pk,
            starts=form.starts,
            ends=form.ends,
            time_zone=form.time_zone,
            delegate_id=form.delegate_id,
        )
        return {"absence": str(absence.pk)}

    return _submit(request, by, act, form="absence")


@page("own absences", "POST")
def come_back(request: HttpRequest, by: Person, absence_id: UUID) -> HttpResponse:
    """Cancel an absence."""

    def act() -> Made:
        return {"absence": str(actions.come_back(by=by, absence_id=absence_id).pk)}

    return _submit(request, by, act, form=f"back-{absence_id}")


@page("cover.manage", "POST")
def add_shift(request: HttpRequest, by: Person, organization_id: UUID) -> HttpResponse:
    """Put somebody on the rota."""

    def act() -> Made:
        form = read(request.POST, forms.AddShift)
        person_id, _, role = form.who.partition(" ")
        shift = actions.add_shift(
            by=by,
            organization_id=organization_id,
            person_id=UUID(person_id),
            role=role,
            kind=form.kind,
            starts=form.starts,
            ends=form.ends,
            time_zone=form.time_zone,
        )
        return {"shift": str(shift.pk)}

    return _submit(request, by, act, form="shift", organization_id=organization_id)


@page("cover.manage", "POST")
def cancel_shift(request: HttpRequest, by: Person, organization_id: UUID, shift_id: UUID) -> HttpResponse:
    """Take a shift off the rota."""

    def act() -> Made:
        return {
            "shift": str(actions.cancel_shift(by=by, organization_id=organization_id, shift_id=shift_id).pk),
        }

    return _submit(request, by, act, form=f"cancel-{shift_id}", organization_id=organization_id)


def whole(
    request: HttpRequest, by: Person, organization: Organization, typed: dict[str, State] | None = None
) -> HttpResponse:
    """The whole page, with forms as they were typed."""
    around = frame(by)
    moment = now()
    week = rota.cover_at(by=by, organization_id=organization.pk, at=midnight(moment), within=WEEK)
    told = rota.told_gaps(by=by, organization_id=organization.pk, until=week.until)
    mine = rota.absences(by=by)
    context = around | {
        "organization": organization,
        "organizations": workplaces(by, Capability.COVER_READ),
        "today": rota.cover_at(by=by, organization_id=organization.pk),
        "week": picture(week, now=moment),
        "gaps": (gaps := [(role, gap) for role, gap in week.gaps if gap[1] > moment]),
        "told": [gap for gap in told if gap[0] not in {role for role, _ in gaps}],
        "zones": zones.choices(),
        "week_ends_at": week.until,
        "shifts": rota.shifts(by=by, organization_id=organization.pk, until=week.until, limit=SHIFTS),
        "staff": week.employments,
        "colleagues": {e.person_id: e.person for e in week.employments if e.person_id != by.pk},
        "absences": mine,
        "alone": rota.also_away(mine),
        "may_keep": can(by, Capability.COVER_MANAGE, organization),
        "forms": typed or {},
    }
    status = max((state.status for state in (typed or {}).values()), default=200)
    return show(request, "cover.html", context, status=status)


def _chosen(by: Person, given: str) -> Organization:
    """The organization of this id, else the first where he works. Raises NotVisible."""
    places = workplaces(by, Capability.COVER_READ)
    found = [place for place in places if not given or str(place.pk) == given]
    if not found:
        raise NotVisible()
    return found[0]


def _submit(
    request: HttpRequest, by: Person, act: Callable[[], Made], *, form: str, organization_id: UUID | None = None
) -> HttpResponse:
    """Back to the page; or the page with the form as it was typed, and what is wrong."""
    given = str(organization_id or request.POST.get("at", ""))
    try:
        once(request, by, act)
    except (NotVisible, NotAllowed):
        raise
    except CareHubError as refusal:
        state = State(typed=request.POST, refusal=refusal)
        return whole(request, by, _chosen(by, given), {form: state})
    return go(request, f"/cover?at={_chosen(by, given).pk}")
