"""Buttons, selects, modals and message commands, pressed as a person would."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Locator, Page, expect

if TYPE_CHECKING:
    from tests.standins.chat_page.conftest import Tabs

pytestmark = pytest.mark.browser
CommandChooser = Callable[[Page, str], None]


@pytest.fixture
def thread_pane(open_page: "Tabs", choose_command: CommandChooser) -> Locator:
    """Return the pane of a thread that holds a result."""
    page = open_page()
    choose_command(page, "paint")
    page.keyboard.type("castle in fog")
    page.keyboard.press("Enter")
    page.locator(".thread-card").filter(has_text="made once").click()  # it changes until then
    pane = page.get_by_role("region", name="Thread: castle in fog")
    expect(pane.get_by_text("made once")).to_be_visible()
    return pane


def test_a_button_changes_its_message_and_keeps_the_focus(thread_pane: Locator) -> None:
    thread_pane.get_by_role("button", name="Again").press("Enter")
    expect(thread_pane.get_by_text("made twice")).to_be_visible()
    expect(thread_pane.get_by_role("button", name="Again")).to_be_focused()


def test_a_button_without_a_response_is_busy_and_then_shows_a_failure(thread_pane: Locator) -> None:
    button = thread_pane.get_by_role("button", name="Silent")
    button.click()
    expect(button).to_have_attribute("aria-busy", "true")
    expect(thread_pane.get_by_text("This interaction failed")).to_be_visible()
    expect(button).not_to_have_attribute("aria-busy", "true")


def test_a_select_is_chosen_from_by_keyboard(thread_pane: Locator) -> None:
    select = thread_pane.get_by_role("combobox", name="Try a look")
    select.focus()
    for key in ("Enter", "ArrowDown", "Enter"):
        thread_pane.page.keyboard.press(key)
    expect(thread_pane.get_by_text("Chosen: ['Film']")).to_be_visible()
    expect(select).to_have_text("Film")


def test_a_modal_is_checked_filled_and_submitted(thread_pane: Locator, png_file: Path) -> None:
    page = thread_pane.page
    thread_pane.get_by_role("button", name="Change").click()
    modal = page.get_by_role("dialog", name="Change it")
    words = modal.get_by_label("Words")
    expect(words).to_be_focused()
    page.keyboard.press("Enter")
    expect(modal.get_by_text("This is required.")).to_have_count(2)
    words.fill("dawn")
    modal.get_by_role("radio", name="Small").check()
    modal.get_by_role("combobox", name="Look").click()
    modal.get_by_role("option", name="Film").click()
    modal.get_by_role("checkbox", name="Grain").check()
    modal.get_by_label("Other picture").set_input_files(png_file)
    modal.get_by_role("button", name="Submit").click()
    expect(thread_pane.get_by_text("Changed: dawn | small | ['Film'] | ['Grain'] | harbour.png")).to_be_visible()
    expect(modal).to_have_count(0)


def test_an_open_list_stays_at_its_select_while_the_form_scrolls(thread_pane: Locator) -> None:
    page = thread_pane.page
    page.set_viewport_size({"width": 1280, "height": 420})
    thread_pane.get_by_role("button", name="Change").click()
    select = page.get_by_role("combobox", name="Look", exact=True)
    select.press("Enter")
    options = page.get_by_role("listbox", name="Look")
    before = measure_distance(select, options)

    page.locator(".modal-body").evaluate(
        "body => new Promise((done) => { body.onscroll = done; body.scrollBy(0, -30) })"
    )

    expect(options).to_be_visible()
    assert measure_distance(select, options) == pytest.approx(before, abs=2)  # the dialog may still be opening


def measure_distance(select: Locator, options: Locator) -> float:
    top, other = (box.bounding_box() for box in (select, options))
    assert top
    assert other
    return other["y"] - top["y"]


def test_a_modal_traps_the_focus_and_escape_closes_it_and_restores_the_focus(thread_pane: Locator) -> None:
    page = thread_pane.page
    button = thread_pane.get_by_role("button", name="Change")
    button.press("Enter")
    modal = page.get_by_role("dialog", name="Change it")
    expect(modal).to_be_visible()
    for _ in range(14):
        page.keyboard.press("Tab")
        assert page.evaluate(
            "document.activeElement === document.body || Boolean(document.activeElement.closest('dialog'))"
        )
    page.keyboard.press("Escape")
    expect(modal).to_have_count(0)
    expect(button).to_be_focused()


def test_a_message_command_is_in_the_apps_menu_of_a_message(open_page: "Tabs") -> None:
    page = open_page()
    page.get_by_role("textbox", name="Message #").fill("my harbour")
    page.keyboard.press("Enter")
    message = page.get_by_role("listitem").filter(has_text="my harbour")
    message.get_by_role("button", name="Apps").press("Enter")
    expect(page.get_by_role("menuitem", name="Use this picture")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Using “my harbour”.")).to_be_visible()
    expect(page.get_by_text("Ada used Use this picture")).to_be_visible()
