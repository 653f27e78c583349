"""Small layers around every HTTP request."""

from collections.abc import Callable

import msgspec
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from carehub.audit import trail
from carehub.core.errors import CareHubError, NotAllowed, NotVisible

from .rest import PROBLEM, as_http, busy, record_denial

Answer = Callable[[HttpRequest], HttpResponse]


class DatabaseOutage:
    """A database that does not answer is 503 with Retry-After, wherever in the request it shows."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer for the view; other exceptions go on."""
        if isinstance(exception, OperationalError | InterfaceError):
            return as_http(busy())
        return None


class NoStore:
    """Nothing about care stays in a cache; the trail learns where a request comes from."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        address = trail.address.set(request.META.get("REMOTE_ADDR") or None)
        opened = trail.opened.set(set())
        try:
            response = self.get_response(request)
        finally:
            trail.address.reset(address)
            trail.opened.reset(opened)
        response.headers.setdefault("Cache-Control", "no-store")
        if request.path.startswith("/api/v1/"):
            response.headers.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
        return response


class Refusals:
    """A refusal of a page is a page: the problem's title and sentence with its status, and a denial in the trail."""

    _FOR_PROGRAMS = ("/api/", "/livez", "/readyz")

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        is_problem = response.headers.get("Content-Type", "").startswith(PROBLEM)
        if not is_problem or request.path.startswith(self._FOR_PROGRAMS):
            return response
        problem = msgspec.json.decode(response.content)
        page = render(request, "console/refused.html", {"problem": problem}, status=response.status_code)
        if "Retry-After" in response.headers:
            page["Retry-After"] = response["Retry-After"]
        if request.headers.get("HX-Request"):
            page["HX-Retarget"], page["HX-Reswap"], page["HX-Reselect"] = "#main", "outerHTML", "#main"
        return page

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer for a page's view; the API has its own handler."""
        if not isinstance(exception, CareHubError):
            return None
        if isinstance(exception, NotVisible | NotAllowed):
            record_denial(request, exception)
        return as_http(exception)
