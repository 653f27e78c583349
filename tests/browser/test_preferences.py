"""How I am reached, in a browser: by keyboard, in the dark, on a telephone."""

import pytest
from playwright.sync_api import expect

from carehub.prove.sinks import HttpSink
from tests.servers import Installation

from .conftest import Arrive
from .test_access import violations

pytestmark = [pytest.mark.browser, pytest.mark.slow]

GATEWAY = """
WITH c AS (INSERT INTO delivery_channel (id, transport, failures)
           VALUES (gen_random_uuid(), 'webhook', 0) RETURNING id)
INSERT INTO delivery_gateway (id, organization_id, channel_id, name, url, secret, previous_secret)
SELECT gen_random_uuid(), o.id, c.id, 'City pagers', %s, 'whsec_AAAA', '' FROM directory_organization o, c
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_are_chosen_by_keyboard_and_axe_finds_nothing(arrive: Arrive, house: Installation, scheme: str) -> None:
    with HttpSink() as sink:
        house.execute(GATEWAY, [sink.url])
    maya = arrive("Maya", color_scheme=scheme, bypass_csp=True)
    maya.page.get_by_role("link", name="Maya").focus()
    maya.page.keyboard.press("Enter")
    page = maya.page
    expect(page.get_by_role("heading", name="How I am reached")).to_be_visible()
    assert violations(page) == []

    page.get_by_label("My time zone").select_option("Europe/Berlin")
    page.get_by_label("From").fill("22:00")
    page.get_by_label("Until").fill("06:30")
    page.get_by_role("button", name="Save").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Saved. It holds from the next notice on.")).to_be_visible()
    page.get_by_label("Number or pager").fill("+49 30 123456")
    page.keyboard.press("Enter")
    expect(page.locator(".contact-points")).to_contain_text("+4930123456")
    assert violations(page) == []

    page.get_by_label("Number or pager").fill("+0")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_focused()
    maya.complaints.clear()  # Chromium reports the 422


def test_a_telephone_is_wide_enough(arrive: Arrive, house: Installation) -> None:
    with HttpSink() as sink:
        house.execute(GATEWAY, [sink.url])
    maya = arrive("Maya", viewport={"width": 360, "height": 740}, is_mobile=True, has_touch=True)

    page = maya.open("/preferences")

    assert page.evaluate("document.documentElement.scrollWidth") <= 360
