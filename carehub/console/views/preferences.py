"""When and where I am reached: quiet hours, the digest, my clock, my contact points."""

from collections.abc import Callable
from datetime import time
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from msgspec import Meta

from carehub.core import zones
from carehub.core.errors import CareHubError, NotVisible
from carehub.core.idempotency import Made
from carehub.delivery.actions import gateways
from carehub.delivery.actions import preferences as delivery
from carehub.directory.models import Person

from ..forms import State, Typed, read
from ..pages import frame, go, once, page, show


class SetPreferences(Typed):
    time_zone: Annotated[str, Meta(min_length=1, max_length=64)]
    digest_at: delivery.OnTheClock
    quiet_from: delivery.OnTheClock | None = None
    quiet_until: delivery.OnTheClock | None = None


class AddContactPoint(Typed):
    gateway_id: UUID
    value: gateways.Value
    rank: gateways.Rank = 1


@page("own account", "GET", "HEAD", "POST")
def preferences(request: HttpRequest, by: Person) -> HttpResponse:
    """See and choose."""
    if request.method != "POST":
        return _page(request, by)

    def act() -> Made:
        form = read(request.POST, SetPreferences)
        delivery.set_preferences(
            by=by,
            time_zone=form.time_zone,
            quiet_from=_moment(form.quiet_from),
            quiet_until=_moment(form.quiet_until),
            digest_at=time.fromisoformat(form.digest_at),
        )
        return {"saved": "preferences"}

    return _submit(request, by, "preferences", act)


@page("own account", "POST")
def add_contact_point(request: HttpRequest, by: Person) -> HttpResponse:
    """Be reached through a gateway."""

    def act() -> Made:
        form = read(request.POST, AddContactPoint)
        point = gateways.add_contact_point(by=by, gateway_id=form.gateway_id, value=form.value, rank=form.rank)
        return {"saved": "contact-point", "contact_point": str(point.pk)}

    return _submit(request, by, "contact-point", act)


@page("own account", "POST")
def remove_contact_point(request: HttpRequest, by: Person, contact_point_id: UUID) -> HttpResponse:
    """Be reached there no more."""

    def act() -> Made:
        gateways.remove_contact_point(by=by, contact_point_id=contact_point_id)
        return {"saved": "removed"}

    return _submit(request, by, "removed", act)


def _submit(request: HttpRequest, by: Person, form: str, act: Callable[[], Made]) -> HttpResponse:
    try:
        once(request, by, act)
    except NotVisible:
        raise
    except CareHubError as refusal:
        by.refresh_from_db()
        return _page(request, by, {form: State(request.POST, refusal)})
    return go(request, f"/preferences?saved={form}")


def _page(request: HttpRequest, by: Person, forms: dict[str, State] | None = None) -> HttpResponse:
    found = delivery.preferences(by=by)
    chosen: dict[str, object] = {
        "time_zone": found.time_zone,
        "quiet_from": f"{found.quiet_from:%H:%M}" if found.quiet_from else "",
        "quiet_until": f"{found.quiet_until:%H:%M}" if found.quiet_until else "",
        "digest_at": f"{found.digest_at:%H:%M}",
    }
    forms = forms or {}
    context: dict[str, Any] = {
        "forms": {"preferences": State(chosen)} | forms,
        "saved": "" if forms else request.GET.get("saved", ""),
        "zones": zones.choices(),
        "points": gateways.contact_points(by=by),
        "gateways": gateways.gateways_for(by=by),
    }
    status = max((state.status for state in forms.values()), default=200)
    return show(request, "preferences.html", frame(by) | context, status=status)


def _moment(typed: str | None) -> time | None:
    return None if typed is None else time.fromisoformat(typed)
