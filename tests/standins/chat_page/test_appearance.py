"""How the page looks and is told: both themes, both widths, names for every control, enough contrast."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Page, expect

if TYPE_CHECKING:
    from tests.standins.chat_page.conftest import Tabs

pytestmark = pytest.mark.browser
CommandChooser = Callable[[Page, str], None]


@pytest.fixture
def busy_page(open_page: "Tabs", choose_command: CommandChooser) -> Callable[..., Page]:
    """Open a page with a result in a thread, an ephemeral answer, marks and a half-filled command."""

    def opened(**options: Any) -> Page:
        page = open_page(**options)
        page.get_by_role("textbox", name="Message #").fill(
            "Hello **all**, `code`, https://example.com <t:0:R> ||x||\n-# small\n> quote"
        )
        page.keyboard.press("Enter")
        choose_command(page, "whisper")
        page.keyboard.press("Enter")
        expect(page.get_by_text("Only you can see this")).to_be_visible()
        choose_command(page, "paint")
        page.keyboard.type("castle in fog")
        page.keyboard.press("Enter")
        page.locator(".thread-card").filter(has_text="made once").click()  # it changes until then
        thread = page.get_by_role("region", name="Thread: castle in fog")
        expect(thread.get_by_text("made once")).to_be_visible()
        thread.get_by_role("textbox").press_sequentially("/paint ")
        page.keyboard.press("Enter")
        expect(thread.get_by_role("alert")).to_contain_text("required")
        thread.get_by_role("combobox", name="Add option").focus()
        return page

    return opened


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("width", [1280, 420])
def test_everything_has_a_name_and_enough_contrast_and_fits_the_width(
    busy_page: Callable[..., Page], call_in_page: Callable[..., Any], scheme: str, width: int
) -> None:
    page = busy_page(color_scheme=scheme, viewport={"width": width, "height": 800})
    page.wait_for_timeout(250)
    assert call_in_page(page, "contrast") == []
    assert call_in_page(page, "unnamed") == []
    assert call_in_page(page, "duplicateIds") == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("document.documentElement.lang") == "en"
    for landmark in ("main", "navigation"):
        if width > 1000:
            expect(page.get_by_role(landmark)).to_be_visible()


def test_the_theme_follows_the_system_until_the_user_chooses_one(open_page: "Tabs") -> None:
    page = open_page(color_scheme="dark")
    ground = "getComputedStyle(document.getElementById('main')).backgroundColor"
    dark = page.evaluate(ground)
    page.emulate_media(color_scheme="light")
    light = page.evaluate(ground)
    assert dark != light
    page.get_by_role("button", name="Ada ada settings").click()
    page.get_by_label("Theme").select_option("dark")
    assert page.evaluate(ground) == dark
    page.reload()
    expect(page.get_by_role("textbox", name="Message #")).to_be_visible()
    assert page.evaluate(ground) == dark


def test_on_a_narrow_screen_the_channels_are_in_a_drawer(open_page: "Tabs") -> None:
    page = open_page(viewport={"width": 420, "height": 800})
    general = page.get_by_role("link", name="general", exact=True)
    expect(general).to_be_hidden()
    page.get_by_role("button", name="Channels").click()
    expect(general).to_be_visible()
    page.keyboard.press("Escape")
    expect(general).to_be_hidden()
    page.get_by_role("button", name="Channels").click()
    general.click()
    expect(page.get_by_role("textbox", name="Message #general")).to_be_visible()
    expect(general).to_be_hidden()


def test_every_focusable_thing_shows_its_focus(open_page: "Tabs", call_in_page: Callable[..., Any]) -> None:
    page = open_page()
    seen = {}
    for _ in range(16):
        page.keyboard.press("Tab")
        name, shown = call_in_page(page, "focus")
        seen[name] = shown
    assert [name for name, shown in seen.items() if not shown] == []
    assert len(seen) > 5
