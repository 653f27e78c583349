from uuid import uuid4

import pytest
from django.test import Client
from knox.models import AuthToken

from carehub.accounts.actions import issue_ticket, issue_token, revoke_token, ticket_digest
from carehub.accounts.models import Session, Ticket
from carehub.audit.models import Entry
from tests.cast import PASSWORD, Cast, email

pytestmark = pytest.mark.quick


def test_a_session_knows_its_person(cast: Cast) -> None:
    browser = Client()
    browser.get("/log-in")

    answer = browser.post("/log-in", {"email": email("Maya").upper(), "password": PASSWORD})

    assert answer.status_code == 302
    assert Session.objects.get(person=cast.maya).session_key == browser.cookies["carehub_session"].value
    assert Entry.objects.filter(person_id=cast.maya.pk, verb="session.start").exists()


def test_a_cookie_with_the_csrf_token_in_the_header_may_write(cast: Cast) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(cast.maya, backend="django.contrib.auth.backends.ModelBackend")
    browser.get(f"/records/{cast.record.pk}")
    path, body = f"/api/v1/records/{cast.record.pk}/messages", '{"text": "Hello"}'
    headers = {"Idempotency-Key": str(uuid4())}

    refused = browser.post(path, body, content_type="application/json", headers=headers)
    token = browser.cookies["carehub_csrf"].value
    written = browser.post(path, body, content_type="application/json", headers=headers | {"X-CSRFToken": token})

    assert (refused.status_code, written.status_code) == (403, 201)


def test_a_token_is_stored_only_as_a_hash_and_ends_when_revoked(cast: Cast) -> None:
    issued = issue_token(person=cast.maya)

    row = AuthToken.objects.get(user=cast.maya)
    assert issued.token not in (row.digest, row.token_key)
    revoke_token(token=row)
    assert not AuthToken.objects.filter(user=cast.maya).exists()


def test_a_ticket_is_stored_only_as_a_hash_and_outdated_ones_are_swept_away(cast: Cast) -> None:
    issue_token(person=cast.maya)
    token = AuthToken.objects.get(user=cast.maya)
    first = issue_ticket(token=token)
    Ticket.objects.update(created_at="2020-01-01T00:00:00Z")

    second = issue_ticket(token=token)

    assert [bytes(row.digest) for row in Ticket.objects.all()] == [ticket_digest(second.ticket)]
    assert first.ticket != second.ticket
