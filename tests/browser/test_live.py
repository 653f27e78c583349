"""What one clinician does, the others see at once, and the first sees that they have."""

from uuid import UUID

import pytest
from playwright.sync_api import Locator, Page, WebSocketRoute, expect

from .conftest import Arrive

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def write_plan(page: Page, *, title: str = "Behavioural activation", rationale: str = "First plan") -> None:
    page.get_by_label("Title of the plan").fill(title)
    page.get_by_label("What should be reached").first.fill("Feel better on most days")
    page.get_by_label("Measure").first.fill("PHQ-9 total")
    page.get_by_label("Value").first.fill("9")
    page.get_by_label("Unit").first.fill("points")
    page.get_by_label("What is done").first.fill("Individual sessions")
    page.get_by_label("Modality").first.fill("CBT")
    page.get_by_label("Frequency").first.fill("weekly")
    page.get_by_label("Why the plan changes").fill(rationale)
    page.get_by_role("button", name="Save", exact=False).last.click()


def latest(page: Page) -> Locator:
    return page.locator("#plan .latest [data-meter]")


def test_a_plan_arrives_is_acknowledged_by_key_and_its_author_sees_it(arrive: Arrive, record: UUID) -> None:
    maya, ivan, paula = arrive("Maya"), arrive("Ivan"), arrive("Paula")
    maya.open(f"/records/{record}/plan/revise")
    paula.open(f"/records/{record}")

    write_plan(maya.page)

    expect(maya.page.get_by_role("heading", name="Treatment plan · revision 1")).to_be_visible()
    card = ivan.page.locator("[data-card]")
    expect(card).to_contain_text("Goal added: Feel better on most days")
    expect(paula.page.get_by_role("heading", name="Treatment plan · revision 1")).to_be_visible()
    expect(latest(maya.page)).to_contain_text("2 of 5 seen, 0 of 3 acknowledged")

    ivan.page.keyboard.press("j")
    expect(card).to_be_focused()
    ivan.page.keyboard.press("a")

    expect(ivan.page.locator("#open")).to_contain_text("Nothing waits for you")
    expect(latest(maya.page)).to_contain_text("1 of 3 acknowledged")
    paula.page.locator("#plan").get_by_role("button", name="Acknowledge").click()
    expect(latest(maya.page)).to_contain_text("2 of 3 acknowledged")
    latest(maya.page).click()
    readers = maya.page.locator("#plan .readers")
    expect(readers.get_by_role("listitem").filter(has_text="Ivan")).to_contain_text("acknowledged")
    expect(readers.get_by_role("listitem").filter(has_text="Carl")).to_contain_text("not told (by role)")


def test_a_flag_with_its_question_is_answered_from_the_inbox(arrive: Arrive, record: UUID) -> None:
    paula, ivan = arrive("Paula"), arrive("Ivan")
    page = paula.open(f"/records/{record}")

    page.get_by_text("Raise a flag").click()
    page.get_by_label("Condition").fill("Hypothyroidism, unspecified")
    expect(page.get_by_label("Code", exact=True)).to_have_value("E03.9")
    page.get_by_label("Severity").select_option("high")
    page.get_by_label("Question").fill("Does this change the plan?")
    page.locator("#raise-flag").get_by_label("Psychiatrist").check()
    page.get_by_role("button", name="Raise the flag").click()

    expect(page.get_by_role("link", name="Hypothyroidism, unspecified high")).to_be_visible()
    card = ivan.page.locator("[data-card]")
    expect(card).to_contain_text("Does this change the plan?")
    expect(card).to_contain_text("Because your role is asked.")
    card.get_by_text("Answer", exact=True).click()
    card.get_by_label("No", exact=True).check()
    card.get_by_label("Your answer").fill("We wait for the TSH of week six.")
    card.get_by_role("button", name="Send the answer").click()

    expect(ivan.page.locator("#open")).to_contain_text("Nothing waits for you")
    expect(page.locator("#flags")).to_contain_text("no, the plan stays")
    expect(page.locator("#flags")).to_contain_text("We wait for the TSH of week six.")


def test_a_message_arrives_and_what_is_being_typed_stays(arrive: Arrive, record: UUID) -> None:
    nils, paula = arrive("Nils"), arrive("Paula")
    nils.open(f"/records/{record}")
    paula.open(f"/records/{record}")
    paula.page.get_by_label("Write to the team").fill("I was about to say")

    nils.page.get_by_label("Write to the team").fill("Blood pressure 128 over 82.")
    nils.page.get_by_role("button", name="Send").click()

    expect(nils.page.locator("#thread")).to_contain_text("Blood pressure 128 over 82.")
    expect(nils.page.get_by_label("Write to the team")).to_have_value("")
    expect(paula.page.locator("#thread")).to_contain_text("Blood pressure 128 over 82.")
    expect(paula.page.get_by_label("Write to the team")).to_have_value("I was about to say")
    expect(nils.page.locator("#thread [data-meter]").first).to_contain_text("1 of")


def test_a_region_in_which_somebody_types_waits(arrive: Arrive, record: UUID) -> None:
    maya, ivan = arrive("Maya"), arrive("Ivan")
    maya.open(f"/records/{record}/plan/revise")
    write_plan(maya.page)
    page = ivan.open(f"/records/{record}")
    page.get_by_text("Record progress").first.click()
    page.get_by_label("Note").first.fill("She sleeps better")

    maya.open(f"/records/{record}/plan/revise")
    maya.page.get_by_label("Frequency").first.fill("twice a week")
    maya.page.get_by_label("Why the plan changes").fill("More often")
    maya.page.get_by_role("button", name="Save as a new revision").click()

    expect(page.locator("#plan [data-changed]")).to_be_visible()
    expect(page.get_by_label("Note").first).to_have_value("She sleeps better")
    page.locator("#plan").get_by_role("button", name="Show it").click()
    expect(page.locator("#plan")).to_contain_text("twice a week")
    expect(page.get_by_label("Note").first).to_have_value("She sleeps better")


def test_a_plan_that_somebody_else_revised_keeps_what_was_typed(arrive: Arrive, record: UUID) -> None:
    maya, ivan = arrive("Maya"), arrive("Ivan", is_quiet=False)
    maya.open(f"/records/{record}/plan/revise")
    ivan.open(f"/records/{record}/plan/revise")
    ivan.page.get_by_label("Title of the plan").fill("Ivan's plan")

    write_plan(maya.page, title="Maya's plan")
    expect(ivan.page.locator("[data-warn-on]")).to_be_visible()
    write_plan(ivan.page, title="Ivan's plan", rationale="Mine")

    expect(ivan.page.get_by_role("alert")).to_contain_text("Maya made revision 1")
    expect(ivan.page.get_by_role("alert")).to_be_focused()
    expect(ivan.page.get_by_label("Title of the plan")).to_have_value("Ivan's plan")


def test_a_cut_socket_is_told_polled_around_and_resumed(arrive: Arrive, record: UUID) -> None:
    nils, paula = arrive("Nils"), arrive("Paula")
    nils.open(f"/records/{record}")
    line = Line()
    paula.page.route_web_socket("**/ws/v1/live", line.connect)
    paula.page.clock.install()
    page = paula.open(f"/records/{record}")

    line.cut()
    expect(page.locator("[data-link]")).to_have_text("Reconnecting…")
    page.clock.fast_forward(6_000)
    expect(page.locator("[data-link]")).to_contain_text("Offline")
    nils.page.get_by_label("Write to the team").fill("Said while the line was down.")
    nils.page.get_by_role("button", name="Send").click()
    expect(nils.page.locator("#thread")).to_contain_text("Said while the line was down.")
    page.clock.fast_forward(31_000)
    expect(page.locator("#thread")).to_contain_text("Said while the line was down.")

    line.mend()
    page.clock.fast_forward(31_000)
    expect(page.locator("[data-link]")).to_have_text("Live")
    nils.page.get_by_label("Write to the team").fill("Said when it was up again.")
    nils.page.get_by_role("button", name="Send").click()
    expect(page.locator("#thread")).to_contain_text("Said when it was up again.")
    expect(page.locator("#thread .message")).to_have_count(2)


def test_logging_out_in_one_window_ends_the_other(arrive: Arrive, record: UUID) -> None:
    ivan = arrive("Ivan")
    other = ivan.page.context.new_page()
    other.goto(ivan.url)

    other.get_by_role("button", name="Log out").click()

    expect(ivan.page.get_by_role("heading", name="Log in")).to_be_visible()


def test_somebody_taken_off_the_team_loses_the_open_record(arrive: Arrive, record: UUID) -> None:
    cora, nils = arrive("Cora"), arrive("Nils", is_quiet=False)
    nils.open(f"/records/{record}")
    page = cora.open(f"/records/{record}")
    place = page.locator("#team li").filter(has=page.locator(".person", has_text="Nils"))

    place.get_by_text("End this place").click()
    place.get_by_label("Reason").fill("Moved to another ward")
    place.get_by_role("button", name="End the place").click()

    expect(page.locator("#team ul")).not_to_contain_text("Nils")
    expect(nils.page.locator("main")).to_contain_text("There is nothing here, or it is not yours to see.")


class Line:
    """A network that a test can cut: sockets that are open close, new ones close at once."""

    def __init__(self) -> None:
        self.is_up = True
        self.sockets: list[WebSocketRoute] = []

    def connect(self, socket: WebSocketRoute) -> None:
        if self.is_up:
            self.sockets.append(socket)
            socket.connect_to_server()
        else:
            socket.close(code=1012)

    def cut(self) -> None:
        self.is_up = False
        for socket in self.sockets:
            socket.close(code=1012)

    def mend(self) -> None:
        self.is_up = True
