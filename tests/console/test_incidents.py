from uuid import uuid4

import pytest

from carehub.delivery.models import Incident
from tests.actions.scenarios import opened_incident
from tests.cast import Cast
from tests.console.conftest import Browser

pytestmark = pytest.mark.quick


def test_an_overseer_sees_who_is_silent_and_closes_it_with_a_reason(cast: Cast, browser: Browser) -> None:
    opened_incident(cast)
    incident = Incident.objects.get()
    cora = browser("cora")
    page = cora.get("/uncommunicated").content.decode()
    assert "Incidents: nobody answered" in page
    assert "<strong>Ivan</strong>" in page

    without = cora.post(f"/incidents/{incident.pk}/close", {"key": str(uuid4()), "reason": " "})
    assert without.status_code == 422
    incident.refresh_from_db()
    assert incident.closed_at is None

    closed = cora.post(f"/incidents/{incident.pk}/close", {"key": str(uuid4()), "reason": "Olga takes over."})
    assert closed.status_code == 302
    assert "Incidents: nobody answered" not in cora.get("/uncommunicated").content.decode()


def test_it_is_hidden_from_who_does_not_oversee_the_record(cast: Cast, browser: Browser) -> None:
    opened_incident(cast)
    incident = Incident.objects.get()

    for name, status in (("maya", 403), ("dora", 404)):
        answer = browser(name).post(f"/incidents/{incident.pk}/close", {"key": str(uuid4()), "reason": "x"})
        assert answer.status_code == status
    assert "Ivan" not in browser("dora").get("/uncommunicated").content.decode()
