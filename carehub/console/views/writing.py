"""What people write on a record: messages, flags, answers, progress, places on the team."""

from collections.abc import Callable
from uuid import UUID

from django.http import HttpRequest, HttpResponse

from carehub.conditions import actions as conditions
from carehub.core.errors import CareHubError, NotAllowed, NotVisible
from carehub.core.idempotency import Made
from carehub.delivery import actions as delivery
from carehub.directory.models import Person
from carehub.events.catalogue import Coding
from carehub.messaging import actions as messaging
from carehub.plans import actions as plans
from carehub.records import actions as records

from .. import forms
from ..forms import State, read
from ..pages import go, is_partial, once, page, parts
from . import inbox, overseeing
from .record import content, whole


@page("message.post", "POST")
def post_message(request: HttpRequest, by: Person, record_id: UUID) -> HttpResponse:
    """Write to the team."""

    def act() -> Made:
        form = read(request.POST, forms.PostMessage)
        message = messaging.post_message(
            by=by,
            record_id=record_id,
            text=form.text,
            priority=form.priority,
            mentioned_ids=form.mentioned_ids,
            mentioned_roles=form.mentioned_roles,
            asks_acknowledgement=form.asks_acknowledgement,
        )
        return {"message": str(message.pk)}

    return _submit(request, by, record_id, act, form="message", shows=("thread",))


@page("flag.raise", "POST")
def raise_flag(request: HttpRequest, by: Person, record_id: UUID) -> HttpResponse:
    """Put a medical flag on the record."""

    def act() -> Made:
        form = read(request.POST, forms.RaiseFlag)
        flag = conditions.raise_flag(
            by=by,
            record_id=record_id,
            coding=Coding(system=form.system, code=form.code, display=form.display),
            severity=form.severity,
            category=form.category,
            note=form.note,
            question=form.question,
            asked_roles=form.asked_roles,
        )
        return {"flag": str(flag.pk)}

    return _submit(request, by, record_id, act, form="flag", shows=("flags", "header"))


@page("flag.answer", "POST")
def answer_flag(request: HttpRequest, by: Person, record_id: UUID, flag_id: UUID) -> HttpResponse:
    """Answer a flag's question, from the record or from the inbox."""

    def act() -> Made:
        form = read(request.POST, forms.AnswerFlag)
        answer = conditions.answer_flag(
            by=by,
            record_id=record_id,
            flag_id=flag_id,
            changes_plan=form.changes_plan == "yes",
            text=form.text,
        )
        return {"answer": str(answer.pk)}

    if request.POST.get("from") != "inbox":
        return _submit(request, by, record_id, act, form=f"answer-{flag_id}", shows=("flags",), is_inside=True)
    refusal = _attempt(request, by, act)
    if not is_partial(request):
        return go(request, "/") if refusal is None else inbox.whole(request, by, {f"answer-{flag_id}": refusal})
    context = inbox.REGIONS["open"](by)
    if refusal:
        context["forms"] = {f"answer-{flag_id}": refusal}
    return parts(request, "inbox/open.html", context=context, status=refusal.status if refusal else 200)


@page("obligation.oversee", "POST")
def close_incident(request: HttpRequest, by: Person, incident_id: UUID) -> HttpResponse:
    """Close an incident with a reason."""

    def act() -> Made:
        form = read(request.POST, forms.CloseIncident)
        incident = delivery.close_incident(by=by, incident_id=incident_id, reason=form.reason)
        return {"incident": str(incident.pk)}

    refusal = _attempt(request, by, act)
    typed = {f"incident-{incident_id}": refusal} if refusal else {}
    if not is_partial(request):
        back = f"/uncommunicated?{request.GET.urlencode()}".rstrip("?")
        return overseeing.all_silences(request, by, typed) if refusal else go(request, back)
    context = overseeing.region(request, by) | {"forms": typed}
    status = refusal.status if refusal else 200
    return parts(request, "inbox/uncommunicated.html", context=context, status=status)


@page("goal.progress", "POST")
def progress_goal(request: HttpRequest, by: Person, record_id: UUID, goal_id: UUID) -> HttpResponse:
    """Record where a goal stands."""

    def act() -> Made:
        form = read(request.POST, forms.ProgressGoal)
        goal = plans.progress_goal(
            by=by,
            record_id=record_id,
            goal_id=goal_id,
            achievement_status=form.achievement_status,
            note=form.note,
        )
        return {"goal": str(goal.pk)}

    return _submit(request, by, record_id, act, form=f"progress-{goal_id}", shows=("plan",), is_inside=True)


@page("team.manage", "POST")
def add_member(request: HttpRequest, by: Person, record_id: UUID) -> HttpResponse:
    """Give somebody a place on the team."""

    def act() -> Made:
        form = read(request.POST, forms.AddMember)
        person_id, _, role = form.who.partition(" ")
        membership = records.add_team_member(
            by=by,
            record_id=record_id,
            person_id=UUID(person_id),
            role=records.role_of(role),
            purpose=form.purpose,
        )
        return {"membership": str(membership.pk)}

    return _submit(request, by, record_id, act, form="member", shows=("team",), is_inside=True)


@page("team.manage", "POST")
def end_membership(request: HttpRequest, by: Person, record_id: UUID, membership_id: UUID) -> HttpResponse:
    """End a place on the team; somebody who ends his own goes to his inbox."""

    def act() -> Made:
        form = read(request.POST, forms.EndMembership)
        records.end_membership(
            by=by,
            record_id=record_id,
            membership_id=membership_id,
            reason=form.reason,
            successor_id=form.successor_id,
        )
        return {"membership": str(membership_id)}

    name = f"end-{membership_id}"
    try:
        return _submit(request, by, record_id, act, form=name, shows=("team",), is_inside=True)
    except NotVisible:
        if request.POST.get("is_own") == "true":
            return go(request, "/")
        raise


def _attempt(request: HttpRequest, by: Person, act: Callable[[], Made]) -> State | None:
    """Do it; or the form as it was typed, with what is wrong. NotVisible and NotAllowed are pages of their own."""
    try:
        once(request, by, act)
    except (NotVisible, NotAllowed):
        raise
    except CareHubError as refusal:
        return State(typed=request.POST, refusal=refusal)
    return None


def _submit(
    request: HttpRequest,
    by: Person,
    record_id: UUID,
    act: Callable[[], Made],
    *,
    form: str,
    shows: tuple[str, ...],
    is_inside: bool = False,
) -> HttpResponse:
    """The form's answer: itself (unless it is inside the first region) and the regions that it changed."""
    state = _attempt(request, by, act)
    forms = {form: state} if state else {}
    status = state.status if state else 200
    if not is_partial(request):
        return (
            whole(request, by, record_id, forms, status) if state else go(request, f"/records/{record_id}#{shows[0]}")
        )
    templates = [] if is_inside else [f"forms/{form}.html"]
    if state is None or is_inside:
        templates += [f"record/{name}.html" for name in shows]
    context = content(by, record_id, *shows) | {"forms": forms}
    return parts(request, *templates, context=context, status=status)
