"""Revise the plan; look at an earlier revision."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse

from carehub.access.capabilities import Capability
from carehub.access.policy import require
from carehub.access.roles import CLINICIANS
from carehub.core.errors import CareHubError, NotAllowed, NotVisible
from carehub.core.idempotency import Made
from carehub.directory.models import Person
from carehub.plans import actions, queries
from carehub.plans.definition import PlanDefinition
from carehub.records.queries import open_one

from ..pages import frame, fresh_key, go, is_partial, once, page, parts, show
from ..planform import COMPARATORS, PlanForm, from_definition, from_post


@page("plan.revise", "GET", "HEAD", "POST")
def revise(request: HttpRequest, by: Person, record_id: UUID) -> HttpResponse:
    """The form that makes a new revision. Adding and removing rows is a round trip that changes nothing."""
    if request.method != "POST":
        read = queries.read_plan(by=by, record_id=record_id)
        form = from_definition(read.definition, base=read.revision.number if read.revision else 0)
        return _form(request, by, record_id, form)
    form = from_post(request.POST)
    add, remove = request.POST.get("add_row", ""), request.POST.get("drop_row", "")
    if add or remove:
        form.change_rows(add, remove)
        return _form(request, by, record_id, form, key=request.POST.get("key"))
    definition = form.definition()
    if definition is None:
        return _form(request, by, record_id, form, status=422)
    return _revise(request, by, record_id, form, definition)


@page("plan.read")
def revision(request: HttpRequest, by: Person, record_id: UUID, number: int) -> HttpResponse:
    """One revision as it was."""
    around = frame(by)
    opened = open_one(by=by, record_id=record_id)
    read = queries.read_plan(by=by, record_id=record_id, number=number)
    names = {member.membership.person_id: member.membership.person.name for member in opened.team}
    return show(request, "revision.html", around | {"record": opened.record, "plan": read, "names": names})


def _revise(
    request: HttpRequest, by: Person, record_id: UUID, form: PlanForm, definition: PlanDefinition
) -> HttpResponse:
    def act() -> Made:
        made = actions.revise_plan(
            by=by,
            record_id=record_id,
            base=int(form.base) if form.base.isascii() and form.base.isdigit() and len(form.base) < 10 else -1,
            definition=definition,
            rationale=form.rationale,
        )
        return {"revision": made.number}

    try:
        once(request, by, act)
    except (NotVisible, NotAllowed):
        raise
    except actions.PlanWasRevised as stale:
        return _form(request, by, record_id, form, stale=stale)
    except CareHubError as refusal:
        return _form(request, by, record_id, form, refusal=refusal)
    return go(request, f"/records/{record_id}#plan")


def _form(
    request: HttpRequest,
    by: Person,
    record_id: UUID,
    form: PlanForm,
    *,
    key: str | None = None,
    refusal: CareHubError | None = None,
    stale: actions.PlanWasRevised | None = None,
    status: int = 200,
) -> HttpResponse:
    around = {} if is_partial(request) else frame(by)
    opened = open_one(by=by, record_id=record_id)
    require(by, Capability.PLAN_REVISE, opened.record)
    if stale is not None:
        form.base = str(stale.extra["current_revision"])
    context = around | {
        "record": opened.record,
        "form": form,
        "key": key or fresh_key(),
        "comparators": COMPARATORS,
        "providers": [m.membership for m in opened.team if m.membership.role in CLINICIANS],
        "refusal": refusal,
        "stale": stale,
        "newest": queries.read_plan(by=by, record_id=record_id).revision if stale else None,
    }
    found = refusal or stale
    status = found.status if found else status
    if is_partial(request):
        return parts(request, "forms/plan.html", context=context, status=status)
    return show(request, "revise.html", context, status=status)
