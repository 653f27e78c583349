import pytest
from django.test import Client

from carehub.audit.models import Entry
from tests.cast import Cast

pytestmark = pytest.mark.quick


def test_ends_with_a_log_out_that_leaves_its_line(cast: Cast) -> None:
    browser = Client()
    browser.force_login(cast.maya, backend="django.contrib.auth.backends.ModelBackend")

    answer = browser.post("/log-out")

    assert (answer.status_code, answer["Location"]) == (302, "/log-in")
    assert browser.get("/").status_code == 302
    assert Entry.objects.order_by("-id")[0].verb == "session.end"
    assert Entry.objects.order_by("-id")[0].person_id == cast.maya.pk


def test_does_not_end_by_a_link(cast: Cast) -> None:
    browser = Client()
    browser.force_login(cast.maya, backend="django.contrib.auth.backends.ModelBackend")

    assert browser.get("/log-out").status_code == 405
    assert browser.get("/").status_code == 200
