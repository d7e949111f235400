"""The product in a browser: a user runs /imagine, sees the new image and its seed, and continues from it."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from demo.__main__ import SAMPLE_IMAGE
from demo.stack import Stack
from tests.support.axe import APPEARANCES, find_violations_as
from tests.support.user import DiscordUser

pytestmark = pytest.mark.browser
SECOND_MS = 1000
TIMEOUT_MS = 20 * SECOND_MS
PROMPT = "a harbour in winter"
PageOpener = Callable[[str], Page]


@pytest.fixture
def channel(ada: DiscordUser) -> str:
    channel_id: str = ada.post("/control/channels", {"name": "browser"})["id"]
    return channel_id


@pytest.fixture
def page_opener(browser: Browser, stack: Stack) -> Iterator[PageOpener]:
    """Open a channel or a thread as Ada. The page's Content Security Policy is off, for axe."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, bypass_csp=True)
    page = context.new_page()
    page.set_default_timeout(TIMEOUT_MS)

    def open_channel(channel: str) -> Page:
        page.goto(f"{stack.discord_url}/?user=ada&channel={channel}")
        expect(page.get_by_role("main").get_by_role("textbox").first).to_be_visible()
        return page

    yield open_channel
    context.close()


def find_images(thread: Locator) -> Locator:
    """Find the full images of this prompt in a thread, which shows the preview above it, too."""
    return thread.get_by_role("img", name=PROMPT).and_(thread.locator('img:not([src*="-preview."])'))


def test_a_user_runs_imagine_sees_and_hears_of_the_image_in_the_channel_and_opens_it_with_its_seed(
    page_opener: PageOpener, channel: str
) -> None:
    page = page_opener(channel)
    page.evaluate("window.said = []; document.ariaNotify = (text) => said.push(text); null")
    page.get_by_role("textbox", name="Message #").press_sequentially("/imagine")
    expect(page.get_by_role("option", name="/imagine").first).to_be_visible()
    page.keyboard.press("Enter")
    page.keyboard.type(PROMPT)
    page.get_by_role("combobox", name="Add option").fill("image")
    page.keyboard.press("Enter")
    page.get_by_label("image", exact=True).set_input_files(SAMPLE_IMAGE)
    page.get_by_role("button", name="Send").click()

    preview = page.get_by_role("main").get_by_role("img", name=PROMPT)
    expect(preview).to_be_visible(timeout=TIMEOUT_MS)
    expect(page.get_by_role("button", name="Vary")).to_be_visible()
    assert any(f"Picture edited by AI with the prompt “{PROMPT}”" in text for text in page.evaluate("said"))

    card = page.get_by_role("link", name=re.compile(f"{PROMPT}.*message"))
    card.first.click(timeout=TIMEOUT_MS)
    thread = page.get_by_role("region", name=f"Thread: {PROMPT}")
    expect(find_images(thread)).to_be_visible(timeout=TIMEOUT_MS)
    expect(thread.get_by_text(re.compile(r"^\d{4,10}\s*$")).first).to_be_visible()


def test_a_user_continues_from_a_result_and_cancels_a_waiting_request(
    page_opener: PageOpener, channel: str, ada: DiscordUser
) -> None:
    first = ada.wait_for_result(ada.submit_imagine(PROMPT, channel=channel))
    thread = page_opener(first["channel_id"]).get_by_role("region", name="Thread: ")

    thread.get_by_role("button", name="Re-roll").last.press("Enter")
    expect(find_images(thread)).to_have_count(2, timeout=TIMEOUT_MS)

    thread.get_by_role("button", name="Edit…").last.press("Enter")
    form = thread.page.get_by_role("dialog", name="Edit and make again")
    expect(form.get_by_label("Prompt")).to_have_value(PROMPT)
    form.get_by_label("Keep").fill("60")
    form.get_by_label("Keep").press("Enter")
    expect(find_images(thread)).to_have_count(3, timeout=TIMEOUT_MS)
    expect(thread.get_by_text("keep 60%")).to_be_visible()

    for _ in range(4):  # twice as many as one user may run at the same time
        ada.submit_imagine("a ship [slow:3]", image=None)
    thread.get_by_role("button", name="Re-roll").last.press("Enter")
    thread.get_by_role("button", name="Cancel").press("Enter")
    expect(thread.get_by_text("Ada cancelled this before it started.").first).to_be_visible(timeout=TIMEOUT_MS)
    expect(thread.get_by_text("Cancelled, at no cost.")).to_be_visible()
    expect(find_images(thread)).to_have_count(3)


def test_axe_finds_nothing_in_the_bots_messages(page_opener: PageOpener, channel: str, ada: DiscordUser) -> None:
    result = ada.wait_for_result(ada.submit_imagine(PROMPT, channel=channel))
    for verb in ("details", "upscale", "more"):
        ada.wait_for_private_message(ada.press_button(result, verb))
    for used in ("history", "preferences", "queue", "lineage", "forget-me"):
        ada.invoke_and_wait(used, result["channel_id"])
    page = page_opener(result["channel_id"])
    thread = page.get_by_role("region", name="Thread: ")
    expect(thread.get_by_role("button", name="Forget me")).to_be_visible()

    message_violations = [(look, found) for look in APPEARANCES if (found := find_violations_as(page, *look))]
    thread.get_by_role("button", name="Edit…").first.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    form_violations = [(look, found) for look in APPEARANCES if (found := find_violations_as(page, *look))]

    assert message_violations == []
    assert form_violations == []


def test_axe_finds_nothing_with_any_menu_open(page_opener: PageOpener, channel: str, ada: DiscordUser) -> None:
    ada.wait_for_result(ada.submit_imagine(PROMPT, channel=channel))
    page = page_opener(channel)
    box = page.get_by_role("textbox", name="Message #")
    add_option = page.get_by_role("combobox", name="Add option")

    def open_commands() -> None:
        page.keyboard.press("Escape")
        box.press_sequentially("/")

    def open_options() -> None:
        box.press_sequentially("imagine")
        page.keyboard.press("Enter")
        add_option.click()

    def open_models() -> None:
        add_option.fill("model")
        page.keyboard.press("Enter")

    menus: dict[str, Callable[[], None]] = {
        "a message": lambda: page.get_by_role("article").first.click(button="right"),
        "commands": open_commands,
        "options": open_options,
        "models": open_models,
    }

    violations = {}
    for name, open_menu in menus.items():
        open_menu()
        expect(page.get_by_role("menuitem" if name == "a message" else "option").first).to_be_visible()
        violations[name] = [
            found for look in (APPEARANCES[0], APPEARANCES[-1]) for found in find_violations_as(page, *look)
        ]

    assert violations == {name: [] for name in menus}


def test_escape_returns_from_the_list_of_commands_to_the_message(page_opener: PageOpener, channel: str) -> None:
    page = page_opener(channel)
    box = page.get_by_role("textbox", name="Message #")
    box.press_sequentially("/")
    expect(page.get_by_role("listbox")).to_be_visible()

    page.get_by_role("listbox").focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("option", selected=True)).to_have_count(1)
    page.keyboard.press("Escape")

    expect(page.get_by_role("listbox")).to_be_hidden()
    expect(box).to_be_focused()
