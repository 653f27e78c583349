"""The page of an organization's rules: in words for everybody who works there, with a form for those who may."""

from typing import Any
from uuid import uuid4

import pytest

from carehub.access.models import RuleBook
from carehub.access.rulebook import BUILT_IN
from carehub.console.clockform import from_book
from carehub.directory.models import Organization
from tests.access.books import admin
from tests.cast import Cast
from tests.console.conftest import Browser

pytestmark = pytest.mark.quick


def typed(base: int = 0, **changes: str) -> dict[str, Any]:
    """The form as the page fills it, with changes; a cell's name is written with underscores."""
    cells = from_book(BUILT_IN, base=base).typed
    changed = {name.replace("_", "-", 1): text for name, text in changes.items() if name != "reason"}
    return {"key": str(uuid4()), "base": str(base), "reason": changes.get("reason", "Agreed"), **cells, **changed}


def test_says_the_rules_in_words_with_their_sources(cast: Cast, browser: Browser) -> None:
    page = browser("maya").get(f"/organizations/{cast.clinic.pk}/rules").content.decode()

    assert "need a named clinician at this site" in page
    assert "Prescribers must acknowledge a material plan revision within 8 hours." in page
    assert "CLSI GP47" in page
    assert "None was adopted yet" in page
    assert "Change the clocks" not in page


def test_the_inbox_leads_there_whoever_may_read_them(cast: Cast, browser: Browser) -> None:
    address = f"/organizations/{cast.clinic.pk}/rules"

    assert address in browser("maya").get("/").content.decode()
    assert "/rules" not in browser("rosa").get("/").content.decode()


def test_is_absent_for_who_does_not_work_there(cast: Cast, browser: Browser) -> None:
    elsewhere = Organization.objects.create(name="Elsewhere")
    maya = browser("maya")

    foreign, absent = (maya.get(f"/organizations/{id}/rules") for id in (elsewhere.pk, uuid4()))

    assert foreign.status_code == absent.status_code == 404
    assert foreign.content == absent.content
    assert maya.post(f"/organizations/{elsewhere.pk}/rules/clocks", typed()).status_code == 404
    assert (
        maya.post(f"/organizations/{cast.clinic.pk}/rules/clocks", typed(urgent_delivered_minutes="2 h")).status_code
        == 403
    )
    assert not RuleBook.objects.exists()


def test_whoever_may_changes_the_clocks_once_and_says_why(cast: Cast, browser: Browser) -> None:
    admin(cast)
    priya = browser("priya")
    address = f"/organizations/{cast.clinic.pk}/rules"
    assert "Change the clocks" in priya.get(address).content.decode()
    form = typed(urgent_acknowledged_minutes="10 hours", reason="Night shift is ten hours <b>")

    for _ in range(2):
        assert priya.post(f"{address}/clocks", form).status_code == 302

    version = RuleBook.objects.get()
    assert (version.version, version.reason) == (1, "Night shift is ten hours <b>")
    urgent = version.body["clocks"]["urgent"]
    assert (urgent["acknowledged_minutes"], urgent["source"]) == (600, "adopted by this organization")
    assert version.body["clocks"]["stat"]["source"] == BUILT_IN.clocks.stat.source
    page = priya.get(address).content.decode()
    assert "a material plan revision within 10 hours" in page
    assert "by severity: low when you can, moderate today, high within hours, critical now" in page
    assert "Night shift is ten hours &lt;b&gt;" in page
    assert "Version 1" in page


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"urgent_delivered_minutes": "soon"}, "write a length of time such as 30 minutes"),
        ({"urgent_delivered_minutes": ""}, "write a length of time such as 30 minutes"),
        ({"urgent_delivered_minutes": "0 minutes"}, "from 1 minute to 90 days"),
        ({"routine_incident_minutes": "91 days"}, "from 1 minute to 90 days"),
        ({"stat_incident_minutes": "20 minutes"}, "An incident comes after the deadline"),
        ({"reason": ""}, "The reason is missing"),
        ({}, "Nothing differs"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(
    cast: Cast, browser: Browser, changes: dict[str, str], sentence: str
) -> None:
    admin(cast)

    answer = browser("priya").post(f"/organizations/{cast.clinic.pk}/rules/clocks", typed(0, **changes))

    page = answer.content.decode()
    assert answer.status_code == 422
    assert sentence in page
    assert all(f'value="{text}"' in page for name, text in changes.items() if name != "reason")
    assert not RuleBook.objects.exists()


def test_rules_that_were_adopted_meanwhile_are_shown_and_the_form_goes_on_from_them(
    cast: Cast, browser: Browser
) -> None:
    admin(cast)
    priya, address = browser("priya"), f"/organizations/{cast.clinic.pk}/rules/clocks"
    assert priya.post(address, typed(urgent_delivered_minutes="2 hours")).status_code == 302

    late = priya.post(address, typed(urgent_delivered_minutes="3 hours"))

    assert late.status_code == 412
    page = late.content.decode()
    assert "Other rules were adopted since" in page
    assert '<input type="hidden" name="base" value="1">' in page
    assert 'value="3 hours"' in page
    assert priya.post(address, typed(base=1, urgent_delivered_minutes="3 hours")).status_code == 302
