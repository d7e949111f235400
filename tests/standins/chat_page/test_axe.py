"""The page passes axe-core, every rule of it, in each of its states, in both themes and at both widths."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from tests.support.axe import APPEARANCES, find_violations, find_violations_as

if TYPE_CHECKING:
    from tests.standins.chat_page.conftest import PageStandIn, Tabs

pytestmark = pytest.mark.browser
CommandChooser = Callable[[Page, str], None]


def show_empty_channel(page: Page, choose_command: CommandChooser, page_standin: "PageStandIn") -> None:
    """Nothing was said yet."""


def show_busy_channel(page: Page, choose_command: CommandChooser, page_standin: "PageStandIn") -> None:
    """A channel with texts, a result, a private answer, a reply begun, a failed command, and unread calls elsewhere."""
    box = page.get_by_role("textbox", name="Message #")
    box.fill("### Small first\n# Large\nHello **all**, `code`, https://example.com <t:0:R> ||x||\n> quote\n```\n7\n```")
    page.keyboard.press("Enter")
    for name, shown in (("result", "Delete"), ("history", "Newer"), ("whisper", "Dismiss message")):
        choose_command(page, name)
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name=shown).first).to_be_visible()
    page.get_by_role("button", name="Write to me").press("Enter")
    choose_command(page, "mute")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The application did not respond").first).to_be_visible()
    page.get_by_role("listitem").filter(has_text="Large").get_by_role("button", name="Reply").press("Enter")


def show_thread(page: Page, choose_command: CommandChooser, page_standin: "PageStandIn") -> None:
    """A thread with a result beside its channel, archived."""
    choose_command(page, "paint")
    page.keyboard.type("castle in fog")
    page.keyboard.press("Enter")
    page.locator(".thread-card").filter(has_text="made once").click()  # it changes until then
    expect(page.get_by_text("made once", exact=True)).to_be_visible()
    page_standin.call_control("PATCH", f"channels/{page.url.rpartition('=')[2]}", {"archived": True})
    expect(page.get_by_text("Posting a message reopens it").last).to_be_visible()


def open_modal(page: Page, choose_command: CommandChooser, page_standin: "PageStandIn") -> None:
    """A modal with most kinds of field, one of them wrong."""
    choose_command(page, "form")
    page.keyboard.press("Enter")
    page.get_by_label("Prompt").fill("")
    page.get_by_role("button", name="Submit").press("Enter")
    expect(page.get_by_text("This is required.")).to_be_visible()


def open_other_modal(page: Page, choose_command: CommandChooser, page_standin: "PageStandIn") -> None:
    """A modal with a file, check boxes and an open select."""
    show_thread(page, choose_command, page_standin)
    page.get_by_role("button", name="Change").press("Enter")
    page.get_by_role("combobox", name="Look", exact=True).press("Enter")
    expect(page.get_by_role("option", name="Film")).to_be_visible()


def open_message_menu(page: Page, choose_command: CommandChooser, page_standin: "PageStandIn") -> None:
    """The menu of a message."""
    page.get_by_role("textbox", name="Message #").fill("my harbour")
    page.keyboard.press("Enter")
    page.get_by_role("article", name="Ada").click(button="right")
    expect(page.get_by_role("menuitem", name="Reimagine")).to_be_visible()


def open_command_list(page: Page, choose_command: CommandChooser, page_standin: "PageStandIn") -> None:
    """The list of commands."""
    page.get_by_role("textbox", name="Message #").press_sequentially("/")
    expect(page.get_by_role("option").first).to_be_visible()


def open_suggestions(page: Page, choose_command: CommandChooser, page_standin: "PageStandIn") -> None:
    """A command half filled in, with the bot's suggestions and what is wrong."""
    choose_command(page, "paint")
    for name in ("image", "style", "keep"):
        page.get_by_role("combobox", name="Add option").fill(name)
        page.keyboard.press("Enter")
    page.keyboard.type("140")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").filter(has_text="Must be between")).to_be_visible()
    page.get_by_role("combobox", name="Add option").fill("model")
    page.keyboard.press("Enter")
    expect(page.get_by_role("option")).to_have_count(4)


def open_settings(page: Page, choose_command: CommandChooser, page_standin: "PageStandIn") -> None:
    """The person's settings."""
    page.get_by_role("button", name="Ada ada settings").click()
    expect(page.get_by_label("Theme")).to_be_visible()


def open_drawer(page: Page, choose_command: CommandChooser, page_standin: "PageStandIn") -> None:
    """The channels drawn over a narrow screen."""
    page.set_viewport_size({"width": 420, "height": 800})
    page.get_by_role("button", name="Channels").click()
    expect(page.get_by_role("link", name="general", exact=True)).to_be_visible()


def open_image(page: Page, choose_command: CommandChooser, page_standin: "PageStandIn") -> None:
    """A picture shown large."""
    choose_command(page, "result")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="a harbour").click()
    expect(page.get_by_role("dialog", name="Image")).to_be_visible()


STATES = (
    show_empty_channel,
    show_busy_channel,
    show_thread,
    open_modal,
    open_other_modal,
    open_message_menu,
    open_command_list,
    open_suggestions,
    open_settings,
    open_drawer,
    open_image,
)


@pytest.mark.parametrize("state", STATES, ids=[state.__name__ for state in STATES])
def test_axe_finds_nothing(
    state: Callable[..., None], open_page: "Tabs", choose_command: CommandChooser, page_standin: "PageStandIn"
) -> None:
    page = open_page(bypass_csp=True)

    state(page, choose_command, page_standin)

    assert [(look, found) for look in APPEARANCES if (found := find_violations_as(page, *look))] == []


def test_axe_finds_a_button_without_a_name(open_page: "Tabs") -> None:
    page = open_page(bypass_csp=True)

    page.evaluate("document.body.append(Object.assign(document.createElement('button'), { id: 'nameless' }))")

    assert any(found.startswith("button-name") for found in find_violations(page))
