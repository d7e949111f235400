"""Messages: live, safe, for whom they are meant; threads beside their channel."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from tests.support.chat_page import send_message

if TYPE_CHECKING:
    from tests.standins.chat_page.conftest import PageStandIn, Tabs

pytestmark = pytest.mark.browser
CommandChooser = Callable[[Page, str], None]

HOLD_MESSAGES_BACK = """() => {
  const ask = window.fetch
  window.fetch = async (url, options) => {
    const answer = await ask(url, options)
    if (!options.method && url.includes('/messages')) await new Promise((resolve) => (window.release = resolve))
    return answer
  }
}"""


def test_a_message_appears_on_another_users_page_at_once(open_page: "Tabs", page_standin: "PageStandIn") -> None:
    ada, ben = open_page("ada"), open_page("ben")
    ben.evaluate("window.said = []; document.ariaNotify = (text) => said.push(text); null")
    send_message(ada, "Good morning")
    heard = ben.get_by_role("article", name="Ada")
    expect(heard).to_contain_text("Good morning")
    assert ben.evaluate("said") == ["Ada: Good morning"]
    message = ben.get_by_role("listitem").filter(has_text="Good morning").get_attribute("data-message-id")
    page_standin.call_control("DELETE", f"messages/{message}")
    expect(heard).to_have_count(0)


def test_messages_posted_or_deleted_while_a_channel_loads_are_shown_correctly(
    open_page: "Tabs", page_standin: "PageStandIn"
) -> None:
    channel = str(page_standin.call_control("POST", "channels", {"name": "opened-late"})["id"])
    ada, ben = open_page("ada", bypass_csp=True), open_page("ben", channel)  # wait_for_function evaluates text
    send_message(ben, "Gone soon")
    gone = ben.get_by_role("listitem").filter(has_text="Gone soon")
    expect(gone).to_have_attribute("data-message-id", re.compile(r"\d+"))
    ada.evaluate("window.said = []; document.ariaNotify = (text) => said.push(text); null")
    ada.evaluate(HOLD_MESSAGES_BACK)

    ada.get_by_role("link", name="opened-late").click()
    ada.wait_for_function("Boolean(window.release)")
    page_standin.call_control("DELETE", f"messages/{gone.get_attribute('data-message-id')}")
    send_message(ben, "Here I am")
    ada.wait_for_function("said.length")
    ada.evaluate("release()")

    expect(ada.get_by_role("article", name="Ben")).to_have_count(1)
    expect(ada.get_by_role("article", name="Ben")).to_contain_text("Here I am")


def test_an_ephemeral_response_is_visible_to_its_user_only_and_can_be_dismissed(
    open_page: "Tabs", choose_command: CommandChooser
) -> None:
    ada, ben = open_page("ada"), open_page("ben")
    choose_command(ada, "whisper")
    ada.keyboard.press("Enter")
    answer = ada.get_by_role("article", name="Pentimento")
    expect(answer).to_contain_text("Only you can see this")
    send_message(ada, "Did you see it?")
    expect(ben.get_by_text("Did you see it?")).to_be_visible()
    assert ben.get_by_text("for your eyes").count() == 0
    ada.get_by_role("button", name="Dismiss message").click()
    expect(answer).to_have_count(0)
    ada.reload()
    expect(ada.get_by_text("Did you see it?")).to_be_visible()
    expect(answer).to_have_count(0)


def test_a_command_without_a_response_shows_a_failure(open_page: "Tabs", choose_command: CommandChooser) -> None:
    page = open_page()
    choose_command(page, "mute")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Sending command…")).to_be_visible()
    expect(page.get_by_role("article").get_by_text("The application did not respond")).to_be_visible()
    page.get_by_role("button", name="Dismiss message").click()
    expect(page.get_by_role("article")).to_have_count(0)


def test_a_result_appears_live_in_its_thread_with_image_and_seed(
    open_page: "Tabs", choose_command: CommandChooser, png_file: Path
) -> None:
    ada, ben = open_page("ada"), open_page("ben")
    choose_command(ada, "paint")
    ada.keyboard.type("castle in fog")
    ada.get_by_role("combobox", name="Add option").fill("image")
    ada.keyboard.press("Enter")
    ada.get_by_label("image", exact=True).set_input_files(png_file)
    ada.get_by_role("button", name="Send").click()
    expect(ben.get_by_text("castle in fog |  | 35 | 7.0")).to_contain_text("(edited)")
    card = ben.locator(".thread-card")
    expect(card).to_contain_text("1 message ›")
    card.click()
    thread = ben.get_by_role("region", name="Thread: castle in fog")
    expect(thread.get_by_role("img", name="castle in fog")).to_be_visible()
    expect(thread.get_by_text("castle in fog |  | 35")).to_be_visible()
    thread.get_by_role("button", name="Copy code").click()
    assert ben.evaluate("navigator.clipboard.readText()") == "3141592653"
    thread.get_by_role("link", name="castle in fog").click()
    large = ben.get_by_role("dialog", name="Image")
    expect(large.get_by_role("img", name="castle in fog")).to_be_visible()
    ben.keyboard.press("Escape")
    expect(large).to_have_count(0)
    thread.get_by_role("textbox").fill("Lovely!")
    ben.keyboard.press("Enter")
    expect(ada.locator(".thread-card")).to_contain_text("2 messages ›")
    nested = (
        ada.get_by_role("navigation").get_by_role("list", name="Threads of").get_by_role("link", name="castle in fog")
    )
    expect(nested.last).to_contain_text("unread")
    thread_id = ben.url.rpartition("=")[2]
    assert thread_id == card.get_attribute("data-thread-id")
    ben.go_back()
    expect(thread).to_have_count(0)


def test_an_archived_thread_is_marked_and_rejects_commands_with_a_message(
    open_page: "Tabs", choose_command: CommandChooser, page_standin: "PageStandIn"
) -> None:
    open_page.expected_errors.append("400")
    page = open_page()
    choose_command(page, "paint")
    page.keyboard.type("night sky")
    page.keyboard.press("Enter")
    page.locator(".thread-card").filter(has_text="made once").click()  # it changes until then
    thread = page.get_by_role("region", name="Thread: night sky")
    expect(thread.get_by_text("made once")).to_be_visible()
    page_standin.call_control("PATCH", f"channels/{page.url.rpartition('=')[2]}", {"archived": True})
    expect(thread.get_by_text("This thread is archived.")).to_be_visible()
    expect(page.get_by_role("navigation").get_by_role("link", name="night sky , archived")).to_be_visible()
    thread.get_by_role("textbox").press_sequentially("/whisper ")
    page.keyboard.press("Enter")
    expect(thread.get_by_role("alert")).to_have_text("Commands cannot be used in an archived thread.")


def test_files_can_be_sent_with_a_message_and_open_in_a_lightbox(open_page: "Tabs", png_file: Path) -> None:
    page = open_page()
    page.get_by_label("Attach files").set_input_files(png_file)
    expect(page.get_by_role("list", name="Files to send").get_by_text("harbour.png")).to_be_visible()
    send_message(page, "My harbour")
    shown = page.get_by_role("article", name="Ada").get_by_role("img", name="harbour.png")
    expect(shown).to_have_js_property("naturalWidth", 192)
    expect(page.get_by_role("list", name="Files to send")).to_be_hidden()
    shown.click()
    expect(page.get_by_role("dialog", name="Image")).to_contain_text("192 × 128")


def test_markdown_is_rendered_and_html_stays_text(open_page: "Tabs", page_standin: "PageStandIn") -> None:
    page = open_page()
    users = {
        user["username"]: user["id"]
        for user in page.evaluate("fetch('/client/bootstrap?user=ada').then(r => r.json())")["users"]
    }
    link = f"https://discord.com/channels/1/{open_page.channel_id}"
    send_message(
        page,
        "# Title\n**bold** *slanted* __under__ ~~gone~~ `code **raw**` ||hidden||\n> quoted\n- one\n  - two\n-# small\n"
        f"<@{users['ben']}> <t:0:D> [words](https://example.com/a) {link} <img src=x onerror=alert(1)> \\*plain\\*",
    )
    article = page.get_by_role("article", name="Ada")
    for selector, text in {
        "h3": "Title", "strong": "bold", "em": "slanted", "u": "under", "s": "gone", "code": "code **raw**",
        "blockquote": "quoted", "li li": "two", ".subtext": "small", "time.moment": "January 1, 1970",
        ".mention >> nth=0": "@Ben", "a.mention": "room-",
    }.items():  # fmt: skip
        expect(article.locator(selector).first).to_contain_text(text)
    expect(article).to_contain_text("<img src=x onerror=alert(1)> *plain*")
    assert article.locator("img").count() == 0
    expect(article.get_by_role("link", name="words")).to_have_attribute("rel", "noopener noreferrer")
    hidden = article.get_by_role("button", name="Spoiler")
    hidden.press("Enter")
    expect(article.get_by_text("hidden")).to_be_visible()


def test_the_page_recovers_after_the_server_was_down(
    open_page: "Tabs", start_standin: Callable[[int], "PageStandIn"]
) -> None:
    served = start_standin(0)
    open_page.expected_errors += ["ERR_", "outside"]
    page = open_page()
    page.goto(f"{served.url}/?user=ada")
    expect(page.get_by_role("textbox", name="Message #general")).to_be_visible()
    served.process.kill()
    served.process.wait()
    expect(page.get_by_role("alert").filter(has_text="The connection to the server was lost.")).to_be_visible()
    start_standin(int(served.url.rpartition(":")[2]))
    expect(page.locator("#banner")).to_be_hidden()
    send_message(page, "Here again")
    expect(page.get_by_role("article", name="Ada")).to_contain_text("Here again")
