"""Retake the pictures of the documentation: `python -m tests.support.take_screenshots` writes into docs/images.

It starts `make demo`'s own command, waits for its first result, and photographs the chat page in headless Chromium
(`CHROMIUM` names another one): the result in its thread, in light and in dark, several pictures of one request, a
finished exploration, and the panel of `/server`.
"""

import base64
import io
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

ROOT: Final = Path(__file__).resolve().parents[2]
IMAGES: Final = ROOT / "docs" / "images"
SAMPLE: Final = ROOT / "demo" / "samples" / "lake.jpg"
WIDTH, HEIGHT = 1280, 1040
Look = Literal["light", "dark"]
LOOKS: Final[tuple[Look, ...]] = ("light", "dark")
EXPLORATION: Final = {"prompt": "the same lake as a woodcut", "vary": "keep", "values": "20, 40, 60, 80"}
SEVERAL: Final = {"prompt": "the same lake in autumn", "count": 4, "keep": 30}
COLOURS: Final = 128
STILL_SECONDS, MOST_SECONDS = 5, 120


def main() -> None:
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        sys.exit("There is no chromium on the PATH. Install it (Debian: apt-get install chromium) or set CHROMIUM.")
    with running_demo() as thread, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for look in LOOKS:
            take_thread(browser, thread, look)
        take_several(browser, thread)
        take_exploration(browser, thread)
        take_server_panel(browser, thread)
        browser.close()


@contextmanager
def running_demo() -> Iterator[str]:
    """Run the demo; yield the address of the thread that shows its first result."""
    with tempfile.TemporaryDirectory(prefix="pentimento-screenshots-") as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        command = [sys.executable, "-m", "demo", "--port", str(port), "--folder", folder]
        demo = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        try:
            yield read_thread(demo)
        finally:
            demo.terminate()
            demo.wait(timeout=60)


def read_thread(demo: subprocess.Popen[str]) -> str:
    for line in demo.stdout or ():
        if found := re.search(r"https?://\S+[?&]channel=\d+", line):
            return found[0]
    sys.exit("The demo ended before it showed a result; its messages say why.")


def take_thread(browser: Browser, thread: str, look: Look) -> None:
    page = open_page(browser, thread, look)
    expect(page.get_by_role("main").get_by_role("img").last).to_be_visible(timeout=20_000)
    photograph(page, f"chat-page-{look}")


def take_several(browser: Browser, thread: str) -> None:
    """Ask for several pictures in a channel of their own, and wait until all of them are there."""
    address = urlsplit(thread)
    server = f"{address.scheme}://{address.netloc}"
    channel = call(f"{server}/control/channels", {"name": "sketches", "type": 0})["id"]
    used = {"user": "ada", "channel_id": channel, "name": "imagine", "options": SEVERAL}
    image = {"filename": SAMPLE.name, "base64": base64.b64encode(SAMPLE.read_bytes()).decode()}
    call(f"{server}/control/invoke", used | {"files": {"image": image}})
    wait_until_still(f"{server}/client/channels/{channel}/messages?user=ada")
    photograph(open_page(browser, f"{server}/?user=ada&channel={channel}", "light"), "several")


def take_exploration(browser: Browser, thread: str) -> None:
    """Explore in the channel `gallery`, where nothing else stands, and wait until every variant is there."""
    address = urlsplit(thread)
    server = f"{address.scheme}://{address.netloc}"
    channels = call(f"{server}/client/bootstrap?user=ada")["channels"]
    channel = next(channel["id"] for channel in channels if channel["name"] == "gallery")
    image = {"filename": SAMPLE.name, "base64": base64.b64encode(SAMPLE.read_bytes()).decode()}
    used = {"user": "ada", "channel_id": channel, "name": "explore", "options": EXPLORATION, "files": {"image": image}}
    call(f"{server}/control/invoke", used)
    page = open_page(browser, f"{server}/?user=ada&channel={channel}", "light")
    page.locator("main button[data-custom-id]").first.click(timeout=20_000)  # starts what was planned
    wait_until_still(f"{server}/client/channels/{channel}/messages?user=ada")
    photograph(page, "exploration")


def take_server_panel(browser: Browser, thread: str) -> None:
    """Open the owner's panel at a section, in a channel where nothing else stands, and change a setting."""
    address = urlsplit(thread)
    server = f"{address.scheme}://{address.netloc}"
    state = call(f"{server}/control/state")
    owner = next(user["username"] for user in state["users"] if user["id"] == state["guilds"][0]["owner_id"])
    channel = call(f"{server}/control/channels", {"name": "backstage", "type": 0})["id"]
    used = call(f"{server}/control/invoke", {"user": owner, "channel_id": channel, "name": "server"})
    messages = f"{server}/client/channels/{channel}/messages?user={owner}"
    wait_until_still(messages)
    panel = call(f"{server}/control/interactions/{used['interaction_id']}")["message"]["id"]
    for custom_id, value in (("server_section", "access"), ("server_setting:allowed_channel_ids:0", channel)):
        call(f"{server}/control/press", {"user": owner, "message_id": panel, "custom_id": custom_id, "values": [value]})
        wait_until_still(messages)
    photograph(open_page(browser, f"{server}/?user={owner}&channel={channel}", "light"), "server")


def open_page(browser: Browser, address: str, look: Look) -> Page:
    page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme=look)
    page.goto(address)
    return page


def photograph(page: Page, name: str) -> None:
    page.mouse.move(0, 0)  # else the message below it shows its own tools
    page.evaluate("document.activeElement.blur()")
    page.wait_for_function("[...document.images].every(image => image.complete && image.naturalWidth)")
    page.wait_for_timeout(500)  # the page scrolls to the newest message once its pictures have their sizes
    page.screenshot(path=IMAGES / f"{name}.png")
    page.close()


def save_picture(png: bytes, name: str) -> None:
    """Save a screenshot in few colours."""
    with Image.open(io.BytesIO(png)) as image:
        image.convert("RGB").quantize(COLOURS).save(IMAGES / f"{name}.png", optimize=True)


def call(address: str, body: dict[str, Any] | None = None, method: str | None = None) -> Any:
    data, headers = None if body is None else json.dumps(body).encode(), {"Content-Type": "application/json"}
    request = urllib.request.Request(address, data, headers, method=method)  # noqa: S310 - loopback
    with urllib.request.urlopen(request, timeout=20) as response:  # noqa: S310 - loopback
        return json.load(response)


def wait_until_still(address: str) -> None:
    """Wait until the response at a URL has not changed for a while."""
    last, since, end = None, time.monotonic(), time.monotonic() + MOST_SECONDS
    while time.monotonic() - since < STILL_SECONDS and time.monotonic() < end:
        found = call(address)
        if found != last:
            last, since = found, time.monotonic()
        time.sleep(0.5)


if __name__ == "__main__":
    main()
