"""What the console's views share: log-in, the person, the page's frame, one effect for each form."""

import functools
import json
from collections.abc import Callable, Mapping
from typing import Any, Concatenate, ParamSpec
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.shortcuts import render as render_template
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from carehub.access.policy import workplaces
from carehub.core import idempotency
from carehub.core.clock import now
from carehub.core.errors import BadRequest
from carehub.core.idempotency import Made
from carehub.core.ids import new_id
from carehub.delivery import queries as delivery
from carehub.directory.models import Person
from carehub.events.catalogue import CATALOGUE
from carehub.reports.queries.scope import reportable

from . import words

Path = ParamSpec("Path")
View = Callable[Concatenate[HttpRequest, Person, Path], HttpResponse]
Plain = Callable[..., HttpResponse]

PHRASES = json.dumps({type: {"phrase": fact.phrase, "title": words.title(type)} for type, fact in CATALOGUE.items()})
"""What live.js says of an event that arrives; nothing clinical."""


def page(capability: str, *methods: str) -> Callable[[View[Path]], Plain]:
    """A view for somebody who is logged in, who is its second argument; times are in his time zone.

    `capability` names what the action or query below checks. `methods` are GET and HEAD unless given.
    """

    def wrap(view: View[Path]) -> Plain:
        @require_http_methods(list(methods or ("GET", "HEAD")))
        @functools.wraps(view)
        def handler(request: HttpRequest, *args: Path.args, **kwargs: Path.kwargs) -> HttpResponse:
            if not isinstance(request.user, Person):
                return _log_in_first(request)
            with timezone.override(ZoneInfo(request.user.time_zone)):
                return view(request, request.user, *args, **kwargs)

        handler.capability = capability  # type: ignore[attr-defined]
        return handler

    return wrap


def anybody(*methods: str) -> Callable[[Plain], Plain]:
    """A view that needs no log-in."""

    def wrap(view: Plain) -> Plain:
        handler: Any = require_http_methods(list(methods))(view)
        handler.capability = "anybody"
        return handler  # type: ignore[no-any-return]

    return wrap


def is_partial(request: HttpRequest) -> bool:
    """Whether htmx asks, which takes a part of the page."""
    return request.headers.get("HX-Request") == "true"


def frame(by: Person) -> dict[str, Any]:
    """What every full page shows around its content. Taken before the content is read: the socket resumes there."""
    return {
        "me": by,
        "cursor": delivery.live_cursor(by=by),
        "is_overseer": (is_overseer := delivery.oversees(by=by)),
        "may_report": is_overseer or bool(reportable(by=by)),
        "is_staff": workplaces(by).exists(),
        "is_demo": settings.DEMO,
        "phrases": PHRASES,
    }


def show(request: HttpRequest, template: str, context: Mapping[str, Any], status: int = 200) -> HttpResponse:
    """A full page; `context` holds its `frame`."""
    whole = {**context, "now": now(), "is_page": True}
    return render_template(request, f"console/{template}", whole, status=status)


def parts(request: HttpRequest, *templates: str, context: Mapping[str, Any], status: int = 200) -> HttpResponse:
    """Parts of a page for htmx; all but the first find their own place."""
    shared = {**context, "now": now()}
    html = [
        render_to_string(f"console/{name}", {**shared, "is_elsewhere": index > 0}, request)
        for index, name in enumerate(templates)
    ]
    return HttpResponse("".join(html), status=status)


def go(request: HttpRequest, to: str) -> HttpResponse:
    """See other, for browsers and htmx alike."""
    if is_partial(request):
        return HttpResponse(status=204, headers={"HX-Redirect": to})
    return redirect(to)


def once(request: HttpRequest, by: Person, act: Callable[[], Made]) -> Made:
    """Do what a form asks once, however often it arrives: its hidden `key` and the effect are one transaction.

    Raises as `act`, BadRequest for a form without a key, IdempotencyKeyReused when the key came with other content.
    """
    key = request.POST.get("key", "")
    if not key:
        raise BadRequest("This form came without its key. Reload the page and try again.")
    fields = [f"{name}={v}" for name, vs in sorted(request.POST.lists()) for v in vs if name != "csrfmiddlewaretoken"]
    mark = idempotency.fingerprint(request.method or "", request.path, *fields)
    with transaction.atomic():
        made = idempotency.claim(person_id=by.pk, key=key, fingerprint=mark)
        if made is None:
            made = act()
            idempotency.remember(person_id=by.pk, key=key, made=made)
    return made


def fresh_key() -> str:
    """The key of a form that has not been sent."""
    return str(new_id())


def _log_in_first(request: HttpRequest) -> HttpResponse:
    back = request.path if request.method in ("GET", "HEAD") and not is_partial(request) else "/"
    return go(request, f"{settings.LOGIN_URL}?{urlencode({'next': back})}")
