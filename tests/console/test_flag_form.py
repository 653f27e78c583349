from uuid import uuid4

import pytest
from django.test import Client

from carehub.conditions.models import Flag
from carehub.events.models import Delivery
from tests.cast import Cast

pytestmark = pytest.mark.quick


def test_raises_a_flag_once_and_asks_whom_it_names(cast: Cast) -> None:
    browser = Client()
    browser.force_login(cast.paula, backend="django.contrib.auth.backends.ModelBackend")
    form = {
        "key": str(uuid4()),
        "system": "http://hl7.org/fhir/sid/icd-10-cm",
        "code": "E03.9",
        "display": "Hypothyroidism",
        "severity": "high",
        "question": "Does this change your plan?",
        "asked_roles": ["therapist", "psychiatrist"],
    }

    first = browser.post(f"/records/{cast.record.pk}/flags", form)
    again = browser.post(f"/records/{cast.record.pk}/flags", form)

    assert first.status_code == again.status_code == 302
    flag = Flag.objects.get()
    asked = Delivery.objects.filter(event=flag.event_id, obligation="answer").values_list("person__name", flat=True)
    assert sorted(asked) == ["Ivan", "Maya"]
