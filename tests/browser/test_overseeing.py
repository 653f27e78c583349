"""A coordinator watches: the page changes when somebody acknowledges, and the reports can be read by everybody."""

from uuid import UUID

import pytest
from playwright.sync_api import expect

from tests.clients import Api
from tests.servers import Installation, Web

from .conftest import Arrive
from .test_access import violations

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def asked(web: Web, record: UUID) -> tuple[Api, str]:
    """Maya asks nurse and psychiatrist to acknowledge; returns the nurse and the message's event."""
    nils = Api.log_in(web.url, "Nils")
    body = {"text": "Please call.", "mentioned_roles": ["nurse", "psychiatrist"], "asks_acknowledgement": True}
    said = Api.log_in(web.url, "Maya").post(f"/records/{record}/messages", body)
    assert said.status == 201, said.body
    return nils, str(said.json["event_id"])


def test_an_acknowledgement_leaves_the_page_by_itself(arrive: Arrive, web: Web, record: UUID) -> None:
    nils, _ = asked(web, record)
    page = arrive("Cora").open("/uncommunicated")
    rows = page.locator("#uncommunicated tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.filter(has_text="Nils")).to_contain_text("Mentioned, and so to acknowledge the message")

    (open,) = nils.get("/inbox/open").json["results"]
    nils.post("/inbox/receipts", {"acknowledge": [open["n"]]})

    expect(rows).to_have_count(1)
    expect(page.locator(".totals")).to_contain_text("1")


def test_a_choice_is_an_address_and_says_when_it_is_empty(arrive: Arrive, web: Web, record: UUID) -> None:
    asked(web, record)
    page = arrive("Cora").open("/uncommunicated")

    page.get_by_label("Who owes it").select_option(label="Ivan")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#uncommunicated tbody tr")).to_have_count(1)
    assert "person=" in page.url
    assert "Ivan" not in page.url
    page.get_by_label("Overdue only").check()
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#uncommunicated")).to_contain_text("Nothing is open among what you chose.")
    page.get_by_role("link", name="Show everything").click()
    expect(page.locator("#uncommunicated tbody tr")).to_have_count(2)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_a_phone_is_wide_enough(
    arrive: Arrive, house: Installation, web: Web, record: UUID, scheme: str
) -> None:
    nils, _ = asked(web, record)
    (open,) = nils.get("/inbox/open").json["results"]
    nils.post("/inbox/receipts", {"acknowledge": [open["n"]]})
    cora = arrive("Cora", color_scheme=scheme, bypass_csp=True)

    seen = {}
    for path in (
        "/uncommunicated?overdue=true",
        "/uncommunicated",
        "/reports",
        "/reports?since=2020-01-01&until=2020-01-02",
    ):
        cora.open(path)
        cora.page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
        seen[path] = violations(cora.page)
    phone = arrive("Cora", viewport={"width": 390, "height": 800}, is_mobile=True, has_touch=True)
    for path in ("/uncommunicated", "/reports"):
        assert phone.open(path).evaluate("document.documentElement.scrollWidth") <= 390, path

    assert {path: found for path, found in seen.items() if found} == {}
