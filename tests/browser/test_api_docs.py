"""/api/docs renders in a real browser under the same strict Content-Security-Policy as every other page."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from carehub.cli.documents import DOCUMENTS
from tests.clients import Api
from tests.servers import Installation

pytestmark = [pytest.mark.slow, pytest.mark.browser]


def test_renders_without_a_violation_and_asks_nobody_else(
    house: Installation, browser: Browser, tmp_path: Path
) -> None:
    web = house.web()
    page = browser.new_page(viewport={"width": 1200, "height": 1400})
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))

    response = page.goto(f"{web.url}/api/docs")
    page.get_by_text("Revise the plan").wait_for()
    page.get_by_text("Revise the plan").click()
    page.get_by_text("If-Match").first.wait_for()

    assert response is not None
    policy = response.headers["content-security-policy"]
    assert {"script-src 'self'", "style-src 'self'"} <= set(policy.split("; "))
    assert said == []
    assert [url for url in asked if not url.startswith((web.url, "data:"))] == []
    assert page.locator(".opblock").count() == DOCUMENTS["openapi.json"]().count('"operationId"')
    page.screenshot(path=os.environ.get("CAREHUB_SCREENSHOT", tmp_path / "docs.png"))


def test_tries_a_call_out(house: Installation, browser: Browser) -> None:
    web = house.web()
    token = Api.log_in(web.url, "Maya").token or ""
    page = browser.new_page()

    page.goto(f"{web.url}/api/docs")
    page.locator(".btn.authorize").first.click()
    page.locator(".auth-container input").first.fill(token)
    page.locator(".auth-btn-wrapper .authorize").first.click()
    page.locator(".btn-done").first.click()
    page.locator("#operations-accounts-getMe .opblock-summary-control").click()
    page.locator("#operations-accounts-getMe .try-out__btn").click()
    page.locator("#operations-accounts-getMe .execute").click()

    page.locator("#operations-accounts-getMe .live-responses-table").get_by_text("maya@example.test").wait_for()
