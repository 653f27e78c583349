"""How long a log-in lives is for the database's clock to say, not for the server's."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from knox.models import AuthToken

from carehub.accounts.actions import issue_token
from carehub.accounts.models import Session
from carehub.core.clock import now
from tests.cast import PASSWORD, Cast, email

pytestmark = pytest.mark.quick

wrong = pytest.mark.parametrize("by", [timedelta(hours=20), timedelta(hours=-20)], ids=["ahead", "behind"])


@wrong
def test_a_token_lives_for_twelve_hours(cast: Cast, client: Client, by: timedelta) -> None:
    with time_machine.travel(datetime.now(UTC) + by):
        issued = issue_token(person=cast.maya)
        answer = client.get("/api/v1/me", headers={"Authorization": f"Bearer {issued.token}"})

    assert abs(issued.expires_at - now() - timedelta(hours=12)) < timedelta(seconds=5)
    assert AuthToken.objects.get(user=cast.maya).expiry == issued.expires_at
    assert answer.status_code == 200


@wrong
def test_a_token_of_another_server_is_neither_refused_nor_deleted(cast: Cast, client: Client, by: timedelta) -> None:
    issued = issue_token(person=cast.maya)

    with time_machine.travel(datetime.now(UTC) + by):
        answer = client.get("/api/v1/me", headers={"Authorization": f"Bearer {issued.token}"})

    assert answer.status_code == 200


def test_an_outdated_token_is_refused(cast: Cast, client: Client) -> None:
    issued = issue_token(person=cast.maya)
    AuthToken.objects.update(expiry=now() - timedelta(seconds=1))

    answer = client.get("/api/v1/me", headers={"Authorization": f"Bearer {issued.token}"})

    assert answer.status_code == 401


@wrong
def test_a_browsers_log_in_lives_as_long(cast: Cast, client: Client, by: timedelta) -> None:
    with time_machine.travel(datetime.now(UTC) + by):
        client.post("/log-in", {"email": email("maya"), "username": email("maya"), "password": PASSWORD})
        page = client.get("/")

    session = Session.objects.get(person=cast.maya)
    assert abs(session.expire_date - now() - timedelta(hours=12)) < timedelta(seconds=5)
    assert page.status_code == 200
