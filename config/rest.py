"""The one error handler: every refusal becomes problem+json (RFC 9457), and denials reach the trail."""

import logging
from typing import Any
from uuid import UUID

import msgspec
from django.db import DatabaseError, IntegrityError, InterfaceError, OperationalError, transaction
from django.http import Http404, HttpRequest, HttpResponse
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response

from carehub.audit import trail
from carehub.core.errors import CareHubError, NotAllowed, NotVisible, Unavailable
from carehub.directory.models import Person

logger = logging.getLogger(__name__)

PROBLEM = "application/problem+json"


class Unauthenticated(CareHubError):
    status, code, title = 401, "not-authenticated", "Log in first"


def problem(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler. None (a 500 without internals) only for what nobody foresaw."""
    refusal = _as_refusal(error)
    if refusal is None:
        return None
    request: Request | None = context.get("request")
    if request is not None and isinstance(refusal, NotVisible | NotAllowed):
        record_denial(request, refusal)
    response = Response(refusal.as_problem(), status=refusal.status, headers=refusal.headers)
    response.content_type = PROBLEM
    return response


def _as_refusal(error: Exception) -> CareHubError | None:
    if isinstance(error, CareHubError):
        return error
    if isinstance(error, Http404):
        return NotVisible()
    if isinstance(error, OperationalError | InterfaceError):
        return busy()
    if isinstance(error, IntegrityError | DatabaseError):
        return None
    if isinstance(error, exceptions.APIException):
        return _from_drf(error)
    return None


def busy() -> Unavailable:
    """503 for a database that does not answer or a lock that is held too long."""
    refusal = Unavailable(
        "The server is busy, or its database does not answer. Try again, a write with its Idempotency-Key."
    )
    refusal.headers["Retry-After"] = "2"
    return refusal


def _from_drf(error: exceptions.APIException) -> CareHubError:
    if isinstance(error, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
        refusal: CareHubError = Unauthenticated(
            "Send a bearer token that is valid (POST /api/v1/tokens gives one), or log in."
        )
        refusal.headers["WWW-Authenticate"] = "Bearer"
        return refusal
    refusal = CareHubError(str(error.detail))
    refusal.status, refusal.title = error.status_code, str(error.default_detail)
    refusal.code = str(error.default_code).replace("_", "-")
    if isinstance(error, exceptions.MethodNotAllowed):
        refusal.title = "Method not allowed"
    return refusal


def record_denial(request: Request | HttpRequest, refusal: CareHubError) -> None:
    """One line of the trail in a transaction of its own: the refused one has been rolled back."""
    person = request.user
    route = request.resolver_match.route if request.resolver_match else ""
    ids = dict(request.resolver_match.kwargs) if request.resolver_match else {}
    record_id = ids.pop("record_id", None)
    try:
        with transaction.atomic():
            trail.denied(
                by=person.pk if isinstance(person, Person) else None,
                reason=f"{request.method} {route} {refusal.code}",
                record_id=record_id,
                on=next((id for id in ids.values() if isinstance(id, UUID)), None),
            )
    except DatabaseError as error:
        logger.error("a denial could not be written to the trail (%s)", type(error).__name__)


def as_http(refusal: CareHubError) -> HttpResponse:
    """A refusal outside DRF (pages, middleware) as problem+json."""
    return HttpResponse(
        msgspec.json.encode(refusal.as_problem()),
        status=refusal.status,
        content_type=PROBLEM,
        headers=refusal.headers,
    )


class CsrfMissing(CareHubError):
    status, code, title = 403, "csrf", "CSRF token missing or wrong"


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's CSRF failure as problem+json."""
    return as_http(CsrfMissing("A write that comes with a cookie needs the CSRF token (X-CSRFToken). Reload the page."))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """An address that does not exist, in the same bytes as a thing that may not be seen."""
    return as_http(NotVisible())


def server_error(request: HttpRequest) -> HttpResponse:
    """A defect, without internals."""
    return as_http(
        CareHubError("This is a defect on our side, and is logged. Repeat a write with its Idempotency-Key.")
    )
