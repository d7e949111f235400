"""A browser and a stack of its own, whose channels a script photographs as a user sees them."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, Page, sync_playwright

from demo.first_picture import wait_until_ready
from demo.stack import Stack, run_stack
from tests.support.browser import ARGUMENTS, CHROMIUM, WHY_SKIPPED
from tests.support.user import DiscordUser

VIEWPORT: Final[Any] = {"width": 1280, "height": 1500}


@contextmanager
def open_studio() -> Iterator[tuple[Browser, Stack]]:
    """Run the browser and the stack, which has no rate limits."""
    if CHROMIUM is None:
        sys.exit(WHY_SKIPPED)
    with tempfile.TemporaryDirectory(prefix="pentimento-studio-") as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        with run_stack(Path(folder) / "logs", discord_options=("--no-rate-limits",)) as stack:
            wait_until_ready(stack)
            yield browser, stack
        browser.close()


def open_channel(browser: Browser, user: DiscordUser, channel: str, viewport: Any = VIEWPORT) -> Page:
    """Open a channel as a user sees it."""
    page = browser.new_page(viewport=viewport)
    page.goto(f"{user.stack.discord_url}/?user={user.name}&channel={channel}")
    return page
