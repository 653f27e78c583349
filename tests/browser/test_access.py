"""Everybody can use the console: axe finds nothing, the keyboard is enough, a phone is wide enough."""

from uuid import UUID

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from .conftest import Arrive
from .test_live import write_plan

pytestmark = [pytest.mark.browser, pytest.mark.slow]

RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
}


def violations(page: Page) -> list[str]:
    """What axe has against this page as it stands."""
    found = Axe().run(page, options=RULES).response["violations"]
    return [f"{v['id']}: {v['nodes'][0]['html'][:200]}" for v in found]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(arrive: Arrive, record: UUID, scheme: str) -> None:
    cora = arrive("Cora", color_scheme=scheme, bypass_csp=True)
    maya = arrive("Maya", color_scheme=scheme, bypass_csp=True)
    page = maya.open(f"/records/{record}/plan/revise")
    write_plan(page)
    expect(page.locator("#plan .latest")).to_be_visible()
    page.get_by_label("Write to the team").fill("Please read the plan.")
    page.get_by_text("Mention somebody").click()
    page.get_by_role("checkbox", name="Coordinator").check()
    page.get_by_label("Those mentioned must acknowledge").check()
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#thread")).to_contain_text("asked to acknowledge")

    seen = {}
    for path in ("/", f"/records/{record}", "/uncommunicated", "/cover", f"/records/{record}/plan/revisions/1"):
        cora.open(path)
        cora.page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
        expect(cora.page.locator("details[data-who] .who-list > a")).to_have_count(0)
        seen[path] = violations(cora.page)
    maya.open(f"/records/{record}/plan/revise")
    maya.page.get_by_role("button", name="Save as a new revision").click()
    expect(maya.page.get_by_role("alert")).to_be_focused()
    maya.complaints.clear()  # Chromium reports the 422
    seen["revise"] = violations(maya.page)
    maya.page.goto(f"{maya.url}/records/00000000-0000-7000-8000-000000000000")
    seen["refused"] = violations(maya.page)
    maya.complaints.clear()  # and the 404
    maya.page.context.clear_cookies()
    maya.page.goto(f"{maya.url}/log-in")
    seen["log-in"] = violations(maya.page)

    assert {path: found for path, found in seen.items() if found} == {}


def test_a_phone_is_wide_enough(arrive: Arrive, record: UUID) -> None:
    maya = arrive("Maya", viewport={"width": 360, "height": 740}, is_mobile=True, has_touch=True)
    maya.open(f"/records/{record}/plan/revise")
    write_plan(maya.page)
    expect(maya.page.locator("#plan .latest")).to_be_visible()

    for path in ("/", "/cover", f"/records/{record}", f"/records/{record}/plan/revise"):
        page = maya.open(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path


def test_the_keyboard_is_enough(arrive: Arrive, record: UUID) -> None:
    paula, ivan = arrive("Paula"), arrive("Ivan")
    page = paula.open(f"/records/{record}")
    page.get_by_label("Write to the team").focus()
    page.keyboard.type("Her pulse is 54.")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    while "psychiatrist" not in (page.locator(":focus").get_attribute("value") or ""):
        page.keyboard.press("Tab")
    page.keyboard.press("Space")
    while "asks_acknowledgement" not in (page.locator(":focus").get_attribute("name") or ""):
        page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.get_by_role("button", name="Send").press("Enter")

    expect(ivan.page.locator("[data-card]")).to_contain_text("Her pulse is 54.")
    ivan.page.keyboard.press("Tab")
    expect(ivan.page.get_by_role("link", name="Skip to the content")).to_be_focused()
    ivan.page.keyboard.press("j")
    ivan.page.keyboard.press("Enter")
    expect(ivan.page.get_by_role("heading", name="Rosa Lind")).to_be_visible()
    ivan.page.go_back()
    ivan.is_live()
    ivan.page.keyboard.press("j")
    ivan.page.keyboard.press("a")

    expect(ivan.page.locator("#open")).to_contain_text("Nothing waits for you")
    expect(page.locator("#thread [data-meter]").first).to_contain_text("1 of 1 acknowledged")


def test_the_keys_can_be_switched_off(arrive: Arrive, record: UUID) -> None:
    maya, ivan = arrive("Maya"), arrive("Ivan")
    maya.open(f"/records/{record}/plan/revise")
    write_plan(maya.page)
    card = ivan.page.locator("[data-card]")
    expect(card).to_be_visible()

    ivan.page.get_by_role("button", name="Keys on").click()
    ivan.page.keyboard.press("j")

    expect(card).not_to_be_focused()
