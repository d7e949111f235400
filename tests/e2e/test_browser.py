"""The product in a browser: a person asks, sees the new picture and its seed, and goes on from it."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from demo.__main__ import SAMPLE
from demo.house import House
from tests.axe import LOOKS, seen_as
from tests.e2e.asker import Asker

pytestmark = pytest.mark.browser
SECONDS = 1000
PATIENCE = 20 * SECONDS
PROMPT = "a harbour in winter"
Open = Callable[[str], Page]


@pytest.fixture
def channel(ada: Asker) -> str:
    made: str = ada.post("/control/channels", {"name": "browser"})["id"]
    return made


@pytest.fixture
def opened(browser: Browser, house: House) -> Iterator[Open]:
    """Open a channel or a thread as Ada. The page's own rules against foreign scripts are off, for axe."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, bypass_csp=True)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)

    def opening(channel: str) -> Page:
        page.goto(f"{house.discord_url}/?user=ada&channel={channel}")
        expect(page.get_by_role("main").get_by_role("textbox").first).to_be_visible()
        return page

    yield opening
    context.close()


def pictures(thread: Locator) -> Locator:
    """Find the pictures of this prompt in a thread."""
    return thread.get_by_role("img", name=PROMPT)


def test_a_person_asks_and_the_thread_shows_the_picture_and_its_seed(opened: Open, channel: str) -> None:
    page = opened(channel)
    page.get_by_role("textbox", name="Message #").press_sequentially("/imagine")
    expect(page.get_by_role("option", name="/imagine").first).to_be_visible()
    page.keyboard.press("Enter")
    page.keyboard.type(PROMPT)
    page.get_by_role("combobox", name="Add option").fill("image")
    page.keyboard.press("Enter")
    page.get_by_label("image", exact=True).set_input_files(SAMPLE)
    page.get_by_role("button", name="Send").click()

    card = page.get_by_role("link", name=re.compile(f"{PROMPT}.*message"))
    card.first.click(timeout=PATIENCE)
    thread = page.get_by_role("region", name=f"Thread: {PROMPT}")
    expect(pictures(thread)).to_be_visible(timeout=PATIENCE)
    expect(thread.get_by_text(re.compile(r"^\d{4,10}\s*$")).first).to_be_visible()


def test_a_person_goes_on_from_a_picture_and_cancels_what_waits(opened: Open, channel: str, ada: Asker) -> None:
    first = ada.answer(ada.ask(PROMPT, channel=channel))
    thread = opened(first["channel_id"]).get_by_role("region", name="Thread: ")

    thread.get_by_role("button", name="Again").press("Enter")
    expect(pictures(thread)).to_have_count(2, timeout=PATIENCE)

    thread.get_by_role("button", name="Edit…").last.press("Enter")
    form = thread.page.get_by_role("dialog", name="Change it and ask again")
    expect(form.get_by_label("Prompt")).to_have_value(PROMPT)
    form.get_by_label("Keep").fill("60")
    form.get_by_label("Keep").press("Enter")
    expect(pictures(thread)).to_have_count(3, timeout=PATIENCE)
    expect(thread.get_by_text("keep 60%")).to_be_visible()

    for _ in range(4):  # twice as many as one person's that are made at once
        ada.ask("a ship [slow:3]", image=None)
    thread.get_by_role("button", name="Again").last.press("Enter")
    thread.get_by_role("button", name="Cancel").press("Enter")
    expect(thread.get_by_text("Ada cancelled it before it was painted.")).to_be_visible(timeout=PATIENCE)
    expect(thread.get_by_text("Nothing was painted, nothing is charged.")).to_be_visible()
    expect(pictures(thread)).to_have_count(3)


def test_axe_finds_nothing_in_what_the_bot_says(opened: Open, channel: str, ada: Asker) -> None:
    result = ada.answer(ada.ask(PROMPT, channel=channel))
    for verb in ("details", "upscale", "favourite", "delete"):
        ada.private(ada.press(result, verb))
    for used in ("history", "preferences", "queue", "lineage", "forget-me"):
        ada.shown(used, result["channel_id"])
    page = opened(result["channel_id"])
    thread = page.get_by_role("region", name="Thread: ")
    expect(thread.get_by_role("button", name="Forget me")).to_be_visible()

    said = [(look, found) for look in LOOKS if (found := seen_as(page, *look))]
    thread.get_by_role("button", name="Edit…").first.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    asked = [(look, found) for look in LOOKS if (found := seen_as(page, *look))]

    assert said == []
    assert asked == []
