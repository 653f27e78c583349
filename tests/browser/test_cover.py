"""The page of cover with something on it: for everybody's eyes, on a phone, and by the keyboard alone."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.servers import Installation

from .conftest import Arrive
from .test_access import violations

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def fill(page: Page, form: str, house: Installation, first: int, last: int) -> None:
    """From and until, in days from now."""
    ((now,),) = house.rows("SELECT carehub_now()")
    for name, days in (("starts", first), ("ends", last)):
        page.locator(f"#{form}-{name}").fill(f"{now + timedelta(days=days):%Y-%m-%dT%H:%M}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_shows_a_shift_an_absence_and_the_gap_to_everybody(arrive: Arrive, house: Installation, scheme: str) -> None:
    cora = arrive("Cora", color_scheme=scheme, bypass_csp=True, viewport={"width": 390, "height": 844})
    page = cora.open("/cover")
    page.get_by_text("Add a shift").press("Enter")
    page.locator("#shift-who").select_option(label="Nils, nurse")
    fill(page, "shift", house, 1, 2)
    page.get_by_role("button", name="Add the shift").press("Enter")
    expect(page.get_by_text("1 shift until")).to_be_visible()
    page.get_by_text("Enter an absence").press("Enter")
    page.locator("#absence-who").select_option(label="Paula")
    fill(page, "absence", house, 3, 5)
    page.get_by_role("button", name="Enter the absence").press("Enter")
    expect(page.locator(".gaps")).to_contain_text("Primary-care physician")

    page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")

    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    expect(page.locator(".week rect")).not_to_have_count(0)
    page.get_by_role("button", name=re.compile("Cancel.*Nils")).press("Enter")
    expect(page.get_by_text("No shifts in these days.")).to_be_visible()


def test_what_is_wrong_is_announced_and_kept(arrive: Arrive, house: Installation) -> None:
    ivan = arrive("Ivan", is_quiet=False)
    page = ivan.open("/cover")
    page.get_by_text("Enter an absence").click()
    fill(page, "absence", house, 3, 2)
    page.locator("#absence-delegate").select_option(label="Olga")

    page.get_by_role("button", name="Enter the absence").click()

    expect(page.get_by_role("alert")).to_contain_text("The end must be after the beginning.")
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.locator("#absence-delegate option:checked")).to_have_text("Olga")
