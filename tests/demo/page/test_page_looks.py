"""How the page looks and is told: both themes, both widths, names for every control, enough contrast."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Page, expect

if TYPE_CHECKING:
    from tests.demo.page.conftest import Tabs

pytestmark = pytest.mark.browser
Choose = Callable[[Page, str], None]

CONTRAST = """() => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true})
  const rgba = (css) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = css; canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data] }
  const over = ([r, g, b, a], [R, G, B]) => [r, g, b].map((v, i) => v * a / 255 + [R, G, B][i] * (1 - a / 255))
  const light = (c) => c.map((v) => v / 255).map((v) => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4).reduce((s, v, i) => s + v * [.2126, .7152, .0722][i], 0)
  const ground = (e) => {
    const layers = []
    for (let at = e; at; at = at.parentElement) { const c = rgba(getComputedStyle(at).backgroundColor); layers.unshift(c); if (c[3] === 255) break }
    return layers.reduce((below, c) => over(c, below), [255, 255, 255])
  }
  const poor = []
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (walk.nextNode()) {
    const e = walk.currentNode.parentElement
    if (!walk.currentNode.data.trim() || !e.checkVisibility({opacityProperty: true, visibilityProperty: true}) || e.closest('.avatar, .sr-only, noscript, :disabled')) continue
    const style = getComputedStyle(e), back = ground(e), fore = over(rgba(style.color), back)
    const [a, b] = [light(fore), light(back)].sort((x, y) => y - x)
    const ratio = (a + .05) / (b + .05), size = parseFloat(style.fontSize)
    if (ratio < (size >= 24 || (size >= 18.7 && style.fontWeight >= 700) ? 3 : 4.5)) poor.push([walk.currentNode.data.trim().slice(0, 30), e.className, ratio.toFixed(2)].join(' | '))
  }
  return poor
}"""
UNNAMED = """() => [...document.querySelectorAll('button, a[href], input, textarea, select, img, [role=combobox], [role=button], dialog, section')]
  .filter((e) => e.checkVisibility({visibilityProperty: true}))
  .filter((e) => !(e.ariaLabel || e.textContent.trim() || e.labels?.length || e.getAttribute('aria-labelledby') || e.alt || e.querySelector('img[alt]:not([alt=""])') || (e.matches('img') && e.alt === '')))
  .map((e) => e.outerHTML.slice(0, 120))"""
DUPLICATES = "() => { const ids = [...document.querySelectorAll('[id]')].map((e) => e.id); return ids.filter((id, at) => ids.indexOf(id) !== at) }"


@pytest.fixture
def lively(tabs: "Tabs", choose: Choose) -> Callable[..., Page]:
    """Open a page with a result in a thread, an ephemeral answer, marks and a half-filled command."""

    def opened(**options: Any) -> Page:
        page = tabs(**options)
        page.get_by_role("textbox", name="Message #").fill("Hello **all**, `code`, https://example.com <t:0:R> ||x||\n-# small\n> quote")
        page.keyboard.press("Enter")
        choose(page, "whisper")
        page.keyboard.press("Enter")
        expect(page.get_by_text("Only you can see this")).to_be_visible()
        choose(page, "paint")
        page.keyboard.type("castle in fog")
        page.keyboard.press("Enter")
        page.locator(".thread-card").click()
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
def test_everything_has_a_name_enough_contrast_and_room(lively: Callable[..., Page], scheme: str, width: int) -> None:
    page = lively(color_scheme=scheme, viewport={"width": width, "height": 800})
    page.wait_for_timeout(250)
    assert page.evaluate(CONTRAST) == []
    assert page.evaluate(UNNAMED) == []
    assert page.evaluate(DUPLICATES) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("document.documentElement.lang") == "en"
    for landmark in ("main", "navigation"):
        if width > 1000:  # noqa: PLR2004 - the drawer is closed on narrow screens
            expect(page.get_by_role(landmark)).to_be_visible()  # type: ignore[arg-type]


def test_the_theme_follows_the_system_until_one_chooses(tabs: "Tabs") -> None:
    page = tabs(color_scheme="dark")
    ground = "getComputedStyle(document.getElementById('main')).backgroundColor"
    dark = page.evaluate(ground)
    page.emulate_media(color_scheme="light")
    light = page.evaluate(ground)
    assert dark != light
    page.get_by_role("button", name="Ada, settings").click()
    page.get_by_label("Theme").select_option("dark")
    assert page.evaluate(ground) == dark
    page.reload()
    expect(page.get_by_role("textbox", name="Message #")).to_be_visible()
    assert page.evaluate(ground) == dark


def test_on_a_narrow_screen_the_channels_are_in_a_drawer(tabs: "Tabs") -> None:
    page = tabs(viewport={"width": 420, "height": 800})
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


def test_every_focusable_thing_shows_its_focus(tabs: "Tabs") -> None:
    page = tabs()
    seen = set()
    for _ in range(16):
        page.keyboard.press("Tab")
        seen.add(
            page.evaluate(
                "(e => [e.getAttribute('aria-label') ?? e.textContent, getComputedStyle(e).outlineStyle !== 'none' "
                "|| e.matches('.textbox') || Boolean(e.closest('.attach'))].join())(document.activeElement)"
            )
        )
    assert [name for name in seen if name.endswith("false")] == []
    assert len(seen) > 5  # noqa: PLR2004 - it went round the page
