"""Start and end what proves who somebody is."""

import hashlib
import secrets
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.contrib.auth import authenticate, login, logout
from django.db import transaction
from django.db.models.functions import Lower
from django.http import HttpRequest
from knox.models import AuthToken
from knox.settings import knox_settings

from carehub.audit import trail
from carehub.core.clock import DatabaseNow, now
from carehub.core.errors import CareHubError, Unavailable
from carehub.core.zones import zone_of
from carehub.directory.models import Person
from carehub.events import doorbell

from .models import Session, Ticket

TICKET_SECONDS = 30


class WrongCredentials(CareHubError):
    status, code, title = 401, "wrong-credentials", "Wrong credentials"


class TooManyAttempts(CareHubError):
    status, code, title = 429, "too-many-attempts", "Too many attempts"


class Busy(Unavailable):
    """Too many people are logging in at once."""

    def __init__(self) -> None:
        super().__init__("Too many people are logging in at once. Try again in a moment.")
        self.headers["Retry-After"] = "2"


_checking = threading.BoundedSemaphore(2)


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A bearer token in the clear: shown once, stored only as a hash."""

    token: str
    expires_at: datetime
    person: Person


@dataclass(frozen=True, slots=True)
class IssuedTicket:
    """A socket ticket in the clear, good once, for 30 seconds."""

    ticket: str
    expires_at: datetime


def check_credentials(*, request: HttpRequest, email: str, password: str) -> Person:
    """The person whom these belong to.

    Raises WrongCredentials, the same for an unknown address and a wrong password, TooManyAttempts after five
    failures for one address from one place (15 minutes), and Busy when too many are checked at once.
    """
    if len(email) > 254 or "\x00" in email + password:
        raise WrongCredentials("The e-mail address or the password is wrong.")
    # Each check takes 100 MB and a tenth of a second of a core: strangers must not fill the machine with them.
    if not _checking.acquire(timeout=1.0):
        raise Busy()
    try:
        person = authenticate(request, username=email.strip().lower(), password=password)
    finally:
        _checking.release()
    if isinstance(person, Person):
        return person
    if getattr(request, "axes_locked_out", False):
        raise TooManyAttempts("Too many wrong attempts for this account from here. Wait 15 minutes.")
    known = Person.objects.filter(is_active=True).alias(lower=Lower("email")).filter(lower=email.strip().lower())
    trail.denied(by=known.values_list("pk", flat=True).first(), reason="log-in wrong-credentials")
    raise WrongCredentials("The e-mail address or the password is wrong.")


def start_session(*, request: HttpRequest, email: str, password: str) -> Person:
    """Log a browser in. Raises as `check_credentials`."""
    person = check_credentials(request=request, email=email, password=password)
    login(request, person, backend="django.contrib.auth.backends.ModelBackend")
    trail.wrote("session.start", by=person.pk)
    return person


def end_session(*, request: HttpRequest) -> None:
    """Log this browser out and close its sockets."""
    person = request.user
    with transaction.atomic():
        logout(request)
        if isinstance(person, Person):
            trail.wrote("session.end", by=person.pk)
            doorbell.ring_gone_after_commit([person.pk])


@transaction.atomic
def issue_token(*, person: Person) -> IssuedToken:
    """A new bearer token for an API client, 12 hours by the database's clock."""
    row, token = AuthToken.objects.create(user=person)
    lives: timedelta = knox_settings.TOKEN_TTL
    row.expiry = now() + lives  # knox went by this server's clock, which may be wrong
    row.save(update_fields=["expiry"])
    trail.wrote("token.issue", by=person.pk)
    return IssuedToken(token=token, expires_at=row.expiry, person=person)


@transaction.atomic
def revoke_token(*, token: AuthToken) -> None:
    """End a bearer token and the sockets that it let in."""
    person_id = token.user_id
    token.delete()
    trail.wrote("token.revoke", by=person_id)
    doorbell.ring_gone_after_commit([person_id])


@transaction.atomic
def issue_ticket(*, token: AuthToken) -> IssuedTicket:
    """A single-use ticket for one socket; used and outdated ones of the same person are swept away with it."""
    ticket = secrets.token_urlsafe(32)
    outdated = DatabaseNow() - timedelta(seconds=TICKET_SECONDS)
    Ticket.objects.filter(person_id=token.user_id, created_at__lt=outdated).delete()
    Ticket.objects.create(digest=ticket_digest(ticket), person_id=token.user_id, token_digest=token.digest)
    return IssuedTicket(ticket=ticket, expires_at=now() + timedelta(seconds=TICKET_SECONDS))


@transaction.atomic
def set_time_zone(*, person: Person, time_zone: str) -> None:
    """The zone in which a person reads clocks. Raises InvalidInput at /time_zone for one that IANA does not know."""
    person.time_zone = zone_of(time_zone).key
    person.save(update_fields=["time_zone"])


def end_access(*, person_id: UUID) -> None:
    """End all of somebody's log-in sessions, bearer tokens and tickets, and the sockets that they let in.

    In the caller's transaction, which has made him inactive: a new log-in is refused from then on.
    """
    Session.objects.filter(person_id=person_id).delete()
    AuthToken.objects.filter(user_id=person_id).delete()
    Ticket.objects.filter(person_id=person_id).delete()
    doorbell.ring_gone_after_commit([person_id])


def forget_outdated() -> None:
    """Delete sessions, tokens and tickets that let nobody in any more."""
    Session.objects.filter(expire_date__lt=DatabaseNow()).delete()
    AuthToken.objects.filter(expiry__lt=DatabaseNow()).delete()
    Ticket.objects.filter(created_at__lt=DatabaseNow() - timedelta(seconds=TICKET_SECONDS)).delete()


def ticket_digest(ticket: str) -> bytes:
    """What is stored of a ticket."""
    return hashlib.sha256(ticket.encode()).digest()
