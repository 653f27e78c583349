"""Chromium, and clinicians who sit in front of it."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from uuid import UUID

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from tests.servers import Installation, Web

# Playwright's synchronous half keeps an event loop running in this thread.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_PLACES = ("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",)
_SWITCHES = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
_HOW_TO = "No Chromium was found. On Debian or Ubuntu: apt install chromium. Or set CHROMIUM to its path."

expect.set_options(timeout=10_000)


def chromium() -> str | None:
    """The path of a Chromium of this system."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    return found or next((place for place in _PLACES if os.access(place, os.X_OK)), None)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium; its absence is a failure in CI and a skip elsewhere.

    For one module only: while it lives, its event loop keeps other tests of this worker from running theirs.
    """
    path = chromium()
    if path is None and os.environ.get("CI"):
        pytest.fail(_HOW_TO)
    if path is None:
        pytest.skip(_HOW_TO)
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=path, args=list(_SWITCHES))
        yield found
        found.close()


@dataclass
class Clinician:
    """One person in front of one browser. `complaints` is what the browser's console said."""

    name: str
    url: str
    page: Page
    complaints: list[str] = field(default_factory=list)

    def log_in(self) -> None:
        """Through the log-in page."""
        from tests.cast import PASSWORD, email

        self.page.goto(f"{self.url}/log-in")
        self.page.get_by_label("E-mail address").fill(email(self.name))
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Log in", exact=True).click()

    def open(self, path: str) -> Page:
        """Go to a page and wait until it is live."""
        self.page.goto(self.url + path)
        self.is_live()
        return self.page

    def is_live(self) -> None:
        """Wait until the page says that it is."""
        expect(self.page.locator("[data-link]")).to_have_text("Live")

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def listen(self) -> None:
        """Collect what the console says from now on."""
        self.page.on("console", self._note)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))


Arrive = Callable[..., Clinician]


@pytest.fixture
def web(house: Installation) -> Web:
    """One daphne on a private installation."""
    return house.web()


@pytest.fixture
def record(house: Installation) -> UUID:
    """Rosa's record."""
    return house.record_id()


@pytest.fixture
def arrive(browser: Browser, web: Web) -> Iterator[Arrive]:
    """`arrive("Maya")`: Maya in a browser of her own, logged in. Nobody's console may have complained at the end."""
    here: list[Clinician] = []
    contexts: list[BrowserContext] = []

    def come(name: str, *, is_quiet: bool = True, **options: object) -> Clinician:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})  # type: ignore[arg-type]
        contexts.append(context)
        clinician = Clinician(name, web.url, context.new_page())
        clinician.listen()
        clinician.log_in()
        clinician.is_live()
        if is_quiet:
            here.append(clinician)
        return clinician

    yield come
    for context in contexts:
        context.close()
    assert {who.name: who.complaints for who in here if who.complaints} == {}
