"""The rules' page: readable by everybody, on a phone too, and changed by keyboard."""

from uuid import UUID

import pytest
from playwright.sync_api import Page, expect

from tests.servers import Installation

from .conftest import Arrive, Clinician
from .test_access import violations

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def clinic(house: Installation) -> UUID:
    """The clinic, of which Priya is made an admin."""
    ((found,),) = house.rows("SELECT id FROM directory_organization")
    house.execute(
        "INSERT INTO directory_practitionerrole (id, person_id, organization_id, code, specialty, started_at)"
        " SELECT gen_random_uuid(), id, %s, 'organization-admin', '', carehub_now() FROM directory_person"
        " WHERE name = 'Priya'",
        [found],
    )
    clinic: UUID = found
    return clinic


def change(priya: Clinician, clinic: UUID) -> Page:
    """Priya opens the form from her inbox, with the keyboard."""
    priya.page.get_by_role("link", name="Rules of Lindenhof Clinic").press("Enter")
    expect(priya.page.get_by_role("heading", name="Who must know what, and by when")).to_be_visible()
    priya.is_live()
    priya.page.get_by_text("Change the clocks").press("Enter")
    return priya.page


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_a_wrong_length_of_time_takes_the_focus(
    arrive: Arrive, clinic: UUID, scheme: str
) -> None:
    priya = arrive("Priya", color_scheme=scheme, bypass_csp=True)
    page = change(priya, clinic)
    urgent = page.get_by_role("group", name="Today (urgent)").get_by_label("Acknowledged or answered within")
    expect(urgent).to_have_value("8 hours")
    found = violations(page)

    urgent.fill("soon")
    page.get_by_label("Why, and which clinician agreed").fill("Dr Paula Berg agreed")
    page.get_by_role("button", name="Adopt these clocks").press("Enter")
    expect(page.get_by_role("alert")).to_be_focused()
    expect(urgent).to_have_attribute("aria-invalid", "true")
    priya.complaints.clear()  # Chromium reports the 422
    found += violations(page)
    page.get_by_role("alert").get_by_role("link").press("Enter")
    expect(urgent).to_be_focused()
    urgent.fill("10 hours")
    page.get_by_role("button", name="Adopt these clocks").press("Enter")

    expect(page.get_by_text("Version 1, adopted by Priya")).to_be_visible()
    expect(page.get_by_text("a material plan revision within 10 hours").first).to_be_visible()
    assert found + violations(page) == []


def test_a_phone_is_wide_enough(arrive: Arrive, clinic: UUID) -> None:
    priya = arrive("Priya", viewport={"width": 360, "height": 740}, is_mobile=True, has_touch=True)

    page = change(priya, clinic)

    assert page.evaluate("document.documentElement.scrollWidth") <= 360
