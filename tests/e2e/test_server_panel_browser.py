"""`/server` in a browser: a manager uses the panel by keyboard, in English and in French."""

import pytest
from playwright.sync_api import Browser, Page, expect

from demo.stack import Stack
from tests.support.axe import APPEARANCES, find_violations_as
from tests.support.user import DiscordUser

pytestmark = pytest.mark.browser


def test_the_panel_is_used_by_keyboard_in_both_languages(browser: Browser, stack: Stack, owner: DiscordUser) -> None:
    owner.post("/control/roles", {"name": "artists"})
    channel = owner.post("/control/channels", {"name": "panel"})["id"]
    context = browser.new_context(viewport={"width": 1280, "height": 1000}, bypass_csp=True)
    page = context.new_page()
    page.set_default_timeout(20_000)
    page.goto(f"{stack.discord_url}/?user={owner.name}&channel={channel}")
    panel = page.get_by_role("main").locator(".container").last

    page.get_by_role("textbox", name="Message #").focus()
    press_keys(page, "/server")
    press_keys(page, "Enter", "Enter")
    panel.get_by_role("combobox", name="Choose what to change").focus()
    press_keys(page, "Enter", "Home", "ArrowDown", "Enter")
    expect(panel.get_by_text("Roles: everyone")).to_be_visible()
    panel.get_by_role("combobox", name="Roles").focus()
    press_keys(page, "Enter", "art", "Enter", "Escape")
    expect(panel.get_by_text("Roles changed from everyone to @artists.")).to_be_visible()
    press_keys(page, "Shift+Tab", "Shift+Tab", "Enter")
    expect(panel.get_by_text("Undone. Roles changed from @artists back to everyone.")).to_be_visible()
    violations = [
        (look, found) for look in (APPEARANCES[0], APPEARANCES[-1]) for found in find_violations_as(page, *look)
    ]
    page.set_viewport_size({"width": 1280, "height": 1000})
    page.request.post(f"{stack.discord_url}/client/locale?user={owner.name}", data={"locale": "fr"})
    page.get_by_role("textbox", name="Message #").focus()
    press_keys(page, "/serv")
    press_keys(page, "Enter", "Enter")
    panel.get_by_role("combobox", name="Choisis quoi changer").focus()
    press_keys(page, "Enter", "End", "Enter")
    panel.get_by_role("button", name="Définir…").focus()
    press_keys(page, "Enter", "Paris", "Enter")
    expect(panel.get_by_text("Écris le nom d'un fuseau, par exemple Europe/Paris")).to_be_visible()
    context.close()

    assert violations == []


def press_keys(page: Page, *keys: str) -> None:
    """Press keys by name, or type a text, on whatever has the focus."""
    for key in keys:
        if key in {"Enter", "Escape", "Home", "End", "ArrowDown", "Shift+Tab"}:
            page.keyboard.press(key)
        else:
            page.keyboard.type(key, delay=20)
        page.wait_for_timeout(150)
