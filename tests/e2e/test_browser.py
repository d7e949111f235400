"""The product in a browser: a person types /imagine, attaches a picture, and sees the new one and its seed."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from demo.__main__ import SAMPLE
from demo.house import House
from tests.e2e.asker import Asker

pytestmark = pytest.mark.browser
SECONDS = 1000


@pytest.fixture
def page(browser: Browser, house: House, ada: Asker) -> Iterator[Page]:
    channel = ada.post("/control/channels", {"name": "browser"})["id"]
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    opened = context.new_page()
    opened.set_default_timeout(15 * SECONDS)
    opened.goto(f"{house.discord_url}/?user=ada&channel={channel}")
    yield opened
    context.close()


def test_a_person_asks_and_the_thread_shows_the_picture_and_its_seed(page: Page) -> None:
    page.get_by_role("textbox", name="Message #").press_sequentially("/imagine")
    expect(page.get_by_role("option", name="/imagine").first).to_be_visible()
    page.keyboard.press("Enter")
    page.keyboard.type("a harbour in winter")
    page.get_by_role("combobox", name="Add option").fill("image")
    page.keyboard.press("Enter")
    page.get_by_label("image", exact=True).set_input_files(SAMPLE)
    page.get_by_role("button", name="Send").click()

    card = page.get_by_role("link", name=re.compile("a harbour in winter.*message"))
    card.first.click(timeout=20 * SECONDS)
    thread = page.get_by_role("region", name="Thread: a harbour in winter")
    expect(thread.get_by_role("img", name="a harbour in winter")).to_be_visible(timeout=20 * SECONDS)
    expect(thread.get_by_text(re.compile(r"^\d{4,10}\s*$")).first).to_be_visible()
