"""The command composer: built from the registered command, with an input, a list and a check for every type."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Page, expect

if TYPE_CHECKING:
    from tests.standins.chat_page.conftest import PageStandIn, Tabs

pytestmark = pytest.mark.browser
USE_APPLICATION_COMMANDS = 1 << 31
CommandChooser = Callable[[Page, str], None]


def add_option(page: Page, name: str) -> None:
    """Add an optional option by its name."""
    page.get_by_role("combobox", name="Add option").fill(name)
    page.keyboard.press("Enter")


def test_a_slash_lists_the_commands_and_typing_narrows_the_list(open_page: "Tabs") -> None:
    page = open_page()
    page.get_by_role("textbox", name="Message #").press_sequentially("/")
    expect(page.get_by_role("option")).to_have_count(7)
    page.keyboard.type("pai")
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("Tab")
    form = page.get_by_role("form", name="/paint")
    expect(form.get_by_role("textbox", name="prompt", exact=True)).to_be_focused()
    expect(form.get_by_placeholder("+9 optional")).to_be_visible()


def test_every_type_of_option_reaches_the_bot(open_page: "Tabs", choose_command: CommandChooser) -> None:
    page = open_page()
    choose_command(page, "paint")
    page.keyboard.type("castle in fog")
    add_option(page, "style")
    page.get_by_role("option", name="Pixel art").click()
    for name, typed in (("keep", "40"), ("guidance", "8.5")):
        add_option(page, name)
        page.keyboard.type(typed)
    add_option(page, "loud")
    page.keyboard.type("tr")
    page.keyboard.press("Enter")
    add_option(page, "friend")
    page.get_by_role("option", name="Ben").click()
    add_option(page, "where")
    page.get_by_role("option", name="#general").click()
    page.get_by_role("button", name="Send").click()
    said = "castle in fog | pixel art | 40 | 8.5 |  | True | ben | general"
    expect(page.get_by_role("article").get_by_text(said)).to_be_visible()
    expect(page.get_by_role("textbox", name="Message #")).to_have_value("")
    expect(page.get_by_text("Ada used /paint")).to_be_visible()


def test_suggestions_come_from_the_bot_while_typing(open_page: "Tabs", choose_command: CommandChooser) -> None:
    page = open_page()
    choose_command(page, "paint")
    page.keyboard.type("castle")
    add_option(page, "model")
    expect(page.get_by_role("option")).to_have_count(4)
    page.keyboard.type("sdx")
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.get_by_role("combobox", name="model", exact=True)).to_have_value("SDXL 1.0")
    page.keyboard.press("Enter")
    expect(page.get_by_role("article")).to_contain_text("castle |  | 35 | 7.0 | SDXL 1.0")


def test_invalid_options_are_reported_before_anything_is_sent(
    open_page: "Tabs", choose_command: CommandChooser
) -> None:
    page = open_page()
    choose_command(page, "paint")
    page.keyboard.press("Enter")
    alert = page.get_by_role("alert").filter(has_text="prompt: This option is required.")
    expect(alert).to_be_visible()
    prompt = page.get_by_role("textbox", name="prompt", exact=True)
    expect(prompt).to_be_focused()
    expect(prompt).to_have_attribute("aria-invalid", "true")
    page.keyboard.type("x" * 61)
    add_option(page, "keep")
    page.keyboard.type("140")
    add_option(page, "style")
    page.keyboard.type("Rococo")
    page.keyboard.press("Enter")
    for words in (
        "Enter at most 60 characters (now 61).",
        "keep: Must be between 0 and 100.",
        "style: Choose an entry from the list.",
    ):
        expect(page.get_by_role("alert").filter(has_text=words)).to_be_visible()
    page.get_by_role("textbox", name="keep", exact=True).fill("4.5")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").filter(has_text="“4.5” is not a whole number.")).to_be_visible()
    assert page.get_by_role("article").count() == 0


def test_a_rejection_by_the_server_is_shown_at_the_composer_and_the_input_is_kept(
    open_page: "Tabs", choose_command: CommandChooser, page_standin: "PageStandIn"
) -> None:
    open_page.expected_errors.append("400")
    page = open_page()
    choose_command(page, "paint")
    page.keyboard.type("castle")
    guild = page_standin.call_control("GET", "state")["guilds"][0]["id"]
    nobody = {"id": guild, "type": 0, "allow": "0", "deny": str(USE_APPLICATION_COMMANDS)}
    page_standin.call_control("PATCH", f"channels/{open_page.channel_id}", {"permission_overwrites": [nobody]})
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").filter(has_text="You may not use application commands here.")).to_be_visible()
    expect(page.get_by_role("textbox", name="prompt", exact=True)).to_have_value("castle")


NAMES = {"picker": "harbour.png", "drop": "dropped.png", "paste": "image.png"}


@pytest.mark.parametrize("way", NAMES)
def test_an_image_can_be_added_to_a_command_by(
    way: str, open_page: "Tabs", choose_command: CommandChooser, png_file: Path, call_in_page: Callable[..., Any]
) -> None:
    page = open_page()
    choose_command(page, "paint")
    page.keyboard.type("castle in fog")
    if way == "picker":
        add_option(page, "image")
        page.get_by_label("image", exact=True).set_input_files(png_file)
    else:
        call_in_page(page, "give", base64.b64encode(png_file.read_bytes()).decode(), way)
    form = page.get_by_role("form", name="/paint")
    expect(form.get_by_text(NAMES[way])).to_be_visible()
    expect(form.locator("img")).to_have_js_property("naturalWidth", 192)
    page.get_by_role("textbox", name="prompt", exact=True).press("Enter")
    page.locator(".thread-card").filter(has_text="made once").click()  # it changes until then
    thread = page.get_by_role("region", name="Thread: castle in fog")
    expect(thread.get_by_role("img", name="castle in fog")).to_have_js_property("naturalWidth", 192)


def test_a_second_dropped_image_goes_into_the_next_option_and_can_be_removed(
    open_page: "Tabs", choose_command: CommandChooser, png_file: Path, call_in_page: Callable[..., Any]
) -> None:
    page = open_page()
    choose_command(page, "paint")
    data = base64.b64encode(png_file.read_bytes()).decode()
    for _ in range(2):
        call_in_page(page, "give", data, "drop")
    expect(page.locator("[data-option=mask]").get_by_text("dropped.png")).to_be_visible()
    page.get_by_role("button", name="Remove file of mask").click()
    expect(page.locator("[data-option=mask]").get_by_text("Drop, paste or choose a file")).to_be_visible()
    expect(page.locator("[data-option=image]").get_by_text("dropped.png")).to_be_visible()


def test_a_command_can_be_used_by_keyboard_alone(open_page: "Tabs") -> None:
    page = open_page()
    expect(page.get_by_role("textbox", name="Message #")).to_be_focused()
    press = page.keyboard.press
    page.keyboard.type("/pain")
    press("Tab")
    page.keyboard.type("castle in fog")
    press("Tab")
    expect(page.get_by_role("combobox", name="Add option")).to_be_focused()
    page.keyboard.type("sty")
    press("Enter")
    press("ArrowDown")
    press("Enter")
    expect(page.get_by_role("combobox", name="style", exact=True)).to_have_value("Film")
    press("Enter")
    expect(page.get_by_text("castle in fog | film | 35")).to_be_visible()
    page.keyboard.type("/whisper")
    press("Enter")
    press("Escape")
    expect(page.get_by_role("textbox", name="Message #")).to_be_focused()


def test_subcommands_are_commands_of_their_own(open_page: "Tabs") -> None:
    page = open_page()
    page.get_by_role("textbox", name="Message #").press_sequentially("/preset save dawn")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Saved dawn.")).to_be_visible()
    expect(page.get_by_text("Ada used /preset save")).to_be_visible()


def test_names_and_descriptions_are_in_the_users_language(open_page: "Tabs") -> None:
    page = open_page("ben")
    page.get_by_role("button", name="Ben ben settings").click()
    page.get_by_label("Language").select_option("fr")
    expect(page.get_by_role("status").filter(has_text="in this language")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("textbox", name="Message #").press_sequentially("/pei")
    expect(page.get_by_role("option", name="/peindre")).to_contain_text("Peint une image")
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox", name="invite", exact=True)).to_be_focused()
    add_option(page, "style")
    expect(page.get_by_role("option", name="Pellicule")).to_be_visible()
