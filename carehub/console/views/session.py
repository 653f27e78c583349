"""Log in, log out, and the demo's accounts."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme

from carehub.accounts import actions
from carehub.directory.models import Person

from .. import demo
from ..pages import anybody


@anybody("GET", "HEAD", "POST")
def log_in(request: HttpRequest) -> HttpResponse:
    """The log-in page; logs in and goes on to `next`."""
    if request.method == "POST":
        return _try(request)
    if isinstance(request.user, Person):
        return redirect(_next(request))
    return _page(request)


@anybody("POST")
def log_out(request: HttpRequest) -> HttpResponse:
    """End this session and its sockets."""
    actions.end_session(request=request)
    return redirect(settings.LOGIN_URL)


@anybody("GET", "HEAD")
def demo_accounts(request: HttpRequest) -> HttpResponse:
    """Who can log in to the demo, as JSON; absent elsewhere."""
    if not demo.is_demo():
        raise Http404
    fields = ("email", "password", "name", "role", "where")
    return JsonResponse([{f: getattr(a, f) for f in fields} for a in demo.accounts()], safe=False)


def _try(request: HttpRequest) -> HttpResponse:
    email, password = request.POST.get("email", "").strip(), request.POST.get("password", "")
    if "\x00" in email + password:
        email = password = ""
    try:
        actions.start_session(request=request, email=email, password=password)
    except (actions.WrongCredentials, actions.TooManyAttempts, actions.Busy) as refusal:
        return _page(request, refusal.detail, email, refusal.status)
    return redirect(_next(request))


def _page(request: HttpRequest, mistake: str = "", email: str = "", status: int = 200) -> HttpResponse:
    context = {
        "mistake": mistake,
        "email": email,
        "next": _next(request),
        "accounts": demo.accounts(),
    }
    return render(request, "console/log_in.html", context, status=status)


def _next(request: HttpRequest) -> str:
    """Where to go after logging in: a path of this installation only."""
    wanted = request.POST.get("next") or request.GET.get("next") or "/"
    is_ours = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) and wanted.startswith("/")
    return wanted if is_ours else settings.LOGIN_REDIRECT_URL
