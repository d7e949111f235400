"""A conversation with the bot by mouse and keyboard: results, pages, forms, commands on messages, replies, calls."""

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


@pytest.fixture
def result_page(open_page: "Tabs", choose_command: CommandChooser) -> Page:
    """Return a page with one result in its channel."""
    page = open_page()
    choose_command(page, "result")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Delete")).to_be_visible()
    return page


def test_a_result_has_buttons_an_animation_and_a_file_to_download(result_page: Page) -> None:
    expect(result_page.get_by_role("button", name="Upscale")).to_be_disabled()
    expect(result_page.get_by_role("img", name="a harbour")).to_have_js_property("naturalWidth", 240)
    expect(result_page.locator(".moving-badge")).to_have_text("GIF")
    with result_page.expect_download() as kept:
        result_page.get_by_role("link", name="export.zip").click()
    assert kept.value.suggested_filename == "export.zip"


def test_each_button_of_a_result_gets_its_own_response(result_page: Page) -> None:
    result_page.get_by_role("button", name="Again").click()
    expect(result_page.get_by_text("Another one from 7.")).to_be_visible()
    result_page.get_by_role("button", name="Details").press("Enter")
    expect(result_page.get_by_role("heading", name="Details")).to_be_visible()
    result_page.get_by_role("button", name="Edit…").press("Enter")
    expect(result_page.get_by_role("dialog", name="Change the picture")).to_be_visible()
    result_page.keyboard.press("Escape")
    result_page.get_by_role("button", name="Delete").press("Enter")
    expect(result_page.get_by_role("button", name="Delete")).to_have_count(0)


def test_a_mention_is_highlighted_and_its_link_leads_to_the_message(result_page: Page) -> None:
    result_page.get_by_role("button", name="Call me").click()
    link = result_page.get_by_role("link", name="To the picture")
    expect(result_page.locator(".mentions-me")).to_contain_text("@Ada, it took long.")
    link.press("Enter")
    expect(
        result_page.get_by_role("listitem").filter(has=result_page.get_by_role("button", name="Delete"))
    ).to_be_focused()


def test_a_mention_in_another_channel_is_counted_in_sidebar_and_title(
    open_page: "Tabs", page_standin: "PageStandIn"
) -> None:
    page, ben = open_page(channel=open_page.channel_id), open_page("ben")
    page.get_by_role("link", name="general", exact=True).click()
    expect(page.get_by_role("textbox", name="Message #general")).to_be_visible()
    ada = next(u["id"] for u in page_standin.call_control("GET", "state")["users"] if u["username"] == "ada")

    send_message(ben, f"<@{ada}> look")
    send_message(ben, "not a call")

    room = page.locator(f"[data-channel-id='{open_page.channel_id}'].entry")
    expect(room).to_contain_text("mentions: 1")
    expect(page).to_have_title("(1) #general · Pentimento Studio · Ada")
    expect(page.get_by_role("status").filter(has_text="Ben mentioned you in #room-")).to_be_visible()
    room.click()
    expect(page).to_have_title(f"#{room.locator('.entry-name').inner_text()} · Pentimento Studio · Ada")


def test_ephemeral_pages_are_turned_by_button_and_by_select(open_page: "Tabs", choose_command: CommandChooser) -> None:
    page = open_page()
    choose_command(page, "history")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Newer")).to_be_disabled()
    page.get_by_role("button", name="Older").press("Enter")
    expect(page.get_by_text("harbour at noon").first).to_be_visible()
    expect(page.get_by_role("button", name="Older")).to_be_focused()
    select = page.get_by_role("combobox", name="Go to")
    select.click()
    page.get_by_role("option", name="harbour at night").click()
    expect(page.locator(".markdown").get_by_text("harbour at night")).to_be_visible()
    expect(page.get_by_text("Only you can see this")).to_be_visible()


@pytest.mark.parametrize("way", ["command", "message"])
def test_a_form_with_every_kind_of_field_is_filled_in_by_keyboard(
    way: str, open_page: "Tabs", choose_command: CommandChooser
) -> None:
    page = open_page()
    if way == "command":
        choose_command(page, "form")
        page.keyboard.press("Enter")
    else:
        send_message(page, "my harbour")
        page.get_by_role("article", name="Ada").click(button="right")
        page.get_by_role("menuitem", name="Reimagine").press("Enter")
    form = page.get_by_role("dialog", name="Change the picture")
    expect(form.get_by_text("What you leave empty stays as it was.")).to_be_visible()
    expect(form.get_by_label("Prompt")).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.type(" in fog")
    for key in ("Tab", "Enter", "ArrowDown", "Enter", "Tab", "ArrowDown", "Tab", " ", "Tab", "Tab", "Enter"):
        page.keyboard.press(key)
    expect(page.get_by_text("a harbour in fog | ['Film'] | Small | False")).to_be_visible()
    expect(form).to_have_count(0)


def test_one_of_several_images_of_a_message_is_chosen_by_name(
    open_page: "Tabs", png_file: Path, tmp_path: Path
) -> None:
    page, other = open_page(), tmp_path / "tower.png"
    other.write_bytes(png_file.read_bytes())
    page.get_by_label("Attach files").set_input_files([png_file, other])
    send_message(page, "two")
    page.get_by_role("img", name="tower.png").click(button="right")
    expect(page.get_by_role("menuitem", name="Open image in a new tab")).to_be_visible()
    page.get_by_role("menuitem", name="Reimagine").click()
    page.get_by_role("combobox", name="Which picture?").press("Enter")
    page.get_by_role("option", name="tower.png").click()
    expect(page.get_by_text("Taken: tower.png")).to_be_visible()


def test_a_message_is_replied_to_by_keyboard_and_the_reply_leads_back(
    open_page: "Tabs", page_standin: "PageStandIn"
) -> None:
    page, ben = open_page(), open_page("ben")
    send_message(ben, "Which one?")
    page.get_by_role("listitem").filter(has_text="Which one?").get_by_role("button", name="Reply").press("Enter")
    expect(page.get_by_text("Replying to Ben")).to_be_visible()
    expect(page.get_by_role("textbox", name="Message #")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_text("Replying to Ben")).to_be_hidden()
    page.get_by_role("article", name="Ben").click(button="right")
    page.get_by_role("menuitem", name="Reply").click()
    send_message(page, "The second")
    answer = ben.get_by_role("listitem").filter(has_text="The second")
    expect(answer).to_have_class("message mentions-me")
    answer.get_by_role("link", name="Which one?").click()
    question = ben.get_by_role("listitem").filter(has_text="Which one?").first
    expect(question).to_be_focused()
    expect(page.get_by_text("Replying to Ben")).to_be_hidden()
    page_standin.call_control("DELETE", f"messages/{question.get_attribute('data-message-id')}")
    expect(answer).to_contain_text("Original message was deleted")


def test_direct_messages_appear_in_the_sidebar_and_their_buttons_work(result_page: Page) -> None:
    result_page.get_by_role("button", name="Write to me").click()
    sidebar = result_page.get_by_role("navigation")
    direct = sidebar.get_by_role("link", name="Pentimento")
    expect(result_page.get_by_role("status").filter(has_text="Pentimento sent you a message.")).to_be_visible()
    expect(direct).to_contain_text("mentions: 1")
    direct.click()
    expect(result_page.get_by_role("heading", name="Pentimento").first).to_be_visible()
    result_page.get_by_role("button", name="Thanks").last.click()
    expect(result_page.get_by_text("You are welcome.").last).to_be_visible()
    result_page.get_by_role("textbox", name="Message @Pentimento").press_sequentially("/settings")
    expect(result_page.get_by_text("No matching commands.")).to_be_visible()


def test_a_user_can_open_direct_messages_with_the_bot(open_page: "Tabs") -> None:
    page = open_page("ben")
    page.get_by_role("navigation").get_by_role("button", name="Pentimento").press("Enter")
    expect(page.get_by_role("textbox", name="Message @Pentimento")).to_be_focused()
    page.keyboard.type("/whisper ")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Only for your eyes.")).to_be_visible()


def test_a_moderator_command_appears_when_the_user_gets_the_permission(
    open_page: "Tabs", page_standin: "PageStandIn"
) -> None:
    user = page_standin.call_control("POST", "users", {"name": "mia"})["id"]
    page = open_page("mia")
    box = page.get_by_role("textbox", name="Message #")
    box.press_sequentially("/settings")
    expect(page.get_by_text("No matching commands.")).to_be_visible()
    role = page_standin.call_control(
        "POST", "roles", {"name": "Mods", "permissions": (1 << 5) | (1 << 10) | (1 << 11) | (1 << 31)}
    )
    page_standin.call_control("PUT", f"members/{user}", {"roles": [role["id"]]})
    expect(page.get_by_role("option", name="/settings")).to_be_visible()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Set.")).to_be_visible()


def test_a_second_guild_has_its_own_place_in_the_sidebar(open_page: "Tabs", page_standin: "PageStandIn") -> None:
    page = open_page()
    guild = page_standin.call_control("POST", "guilds", {"name": "Elsewhere"})
    expect(page.get_by_role("navigation").get_by_role("heading", name="Elsewhere")).to_be_visible()
    page.get_by_role("navigation").get_by_role("link", name="general", exact=True).last.click()
    expect(page).to_have_title("#general · Elsewhere · Ada")
    page_standin.call_control("DELETE", f"channels/{guild['channels'][0]['id']}")
