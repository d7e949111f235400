"""What the tests of the chat page stand on: the real stand-in, a small real bot, Chromium and watched tabs."""

import io
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect

ROOT = Path(__file__).parents[3]
TOKEN = "page-test-token"
channel_numbers = count(1)
expect.set_options(timeout=20_000)


@dataclass(frozen=True)
class PageStandIn:
    """A running stand-in: its address, and its control API."""

    url: str
    process: subprocess.Popen[str]

    def call_control(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        request = urllib.request.Request(  # noqa: S310 - loopback
            f"{self.url}/control/{path}",
            method=method,
            data=json.dumps(body or {}).encode() if method != "GET" else None,
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - loopback
            return json.loads(answer.read() or b"{}")


@pytest.fixture
def start_standin() -> Iterator[Callable[[int], PageStandIn]]:
    """Start stand-ins of a test's own, on a port or a free one (0); they are stopped after it."""
    running: list[PageStandIn] = []

    def started(port: int) -> PageStandIn:
        running.append(launch_standin(port))
        return running[-1]

    yield started
    for served in running:
        stop_process(served.process)


def launch_standin(port: int = 0) -> PageStandIn:
    """Start the stand-in as its own process and wait for its first line."""
    command = [
        sys.executable,
        "-m",
        "demo.standins.discord",
        "--port",
        str(port),
        "--token",
        TOKEN,
        "--acknowledge-seconds",
        "1.5",
    ]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    return PageStandIn(json.loads(process.stdout.readline())["url"], process)


def stop_process(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait(10)
    if process.stdout:
        process.stdout.close()


@pytest.fixture(scope="session")
def page_standin() -> Iterator[PageStandIn]:
    """Serve the stand-in with the test's bot connected to it."""
    served = launch_standin()
    environment = os.environ | {"STAND_IN": served.url, "TOKEN": TOKEN, "PYTHONPATH": str(ROOT)}
    script = [sys.executable, str(Path(__file__).with_name("page_bot.py"))]
    bot = subprocess.Popen(script, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert bot.stdout
        assert bot.stdout.readline() == "ready\n"
        yield served
    finally:
        stop_process(bot)
        stop_process(served.process)


@dataclass
class Tabs:
    """Opens the page as a user in a channel; what the browser complains of is kept."""

    browser: Browser
    page_standin: PageStandIn
    channel_id: str
    browser_errors: list[str] = field(default_factory=list)
    expected_errors: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)

    def __call__(self, user: str = "ada", channel: str | None = None, **options: Any) -> Page:
        options.setdefault("viewport", {"width": 1280, "height": 800})
        context = self.browser.new_context(permissions=["clipboard-read", "clipboard-write"], **options)
        self.contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("console", lambda m: self._note_error(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: self._note_error(str(error)))
        page.on("request", lambda r: self._note_error(f"outside: {r.url}") if not self._is_own_url(r.url) else None)
        page.goto(f"{self.page_standin.url}/?user={user}&channel={channel or self.channel_id}")
        expect(page.get_by_role("main").get_by_role("textbox").first).to_be_visible()
        return page

    def _is_own_url(self, url: str) -> bool:
        return url.startswith((self.page_standin.url, "data:", "blob:"))

    def _note_error(self, text: str) -> None:
        if not any(words in text for words in self.expected_errors):
            self.browser_errors.append(text)


@pytest.fixture
def channel_id(page_standin: PageStandIn) -> str:
    """Return the id of a fresh channel, so that tests do not read each other's messages."""
    return str(page_standin.call_control("POST", "channels", {"name": f"room-{next(channel_numbers)}"})["id"])


@pytest.fixture
def open_page(browser: Browser, page_standin: PageStandIn, channel_id: str) -> Iterator[Tabs]:
    """Open tabs; after the test, no error was logged and nothing was asked of any other host."""
    opened = Tabs(browser, page_standin, channel_id)
    yield opened
    for context in opened.contexts:
        context.close()
    assert opened.browser_errors == []


@pytest.fixture
def png_file(tmp_path: Path) -> Path:
    file = tmp_path / "harbour.png"
    file.write_bytes(make_png())
    return file


def make_png() -> bytes:
    out = io.BytesIO()
    Image.linear_gradient("L").resize((192, 128)).convert("RGB").save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def call_in_page() -> Callable[..., Any]:
    """Call a function of in_page.js inside a page."""
    script = Path(__file__).with_name("in_page.js").read_text()

    def called(page: Page, name: str, *values: Any) -> Any:
        return page.evaluate(f"(values) => ({script}).{name}(...values)", values)

    return called


@pytest.fixture
def choose_command(open_page: Tabs) -> Callable[[Page, str], None]:
    """Choose a slash command by typing it and pressing Enter."""

    def chosen(page: Page, name: str) -> None:
        page.get_by_role("textbox", name="Message #").press_sequentially(f"/{name}")
        expect(page.get_by_role("option", name=f"/{name}").first).to_be_visible()
        page.keyboard.press("Enter")

    return chosen
