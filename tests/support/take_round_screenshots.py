"""Retake the pictures of the contests' guide: `python -m tests.support.take_round_screenshots` writes into docs/images.

It plays an evening of two rounds on a stack of its own, as host, entrants and voters.
"""

import base64
import io
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from demo.__main__ import SAMPLE_IMAGE
from demo.first_picture import iter_message_texts, wait_until_ready
from demo.stack import run_stack
from tests.support.browser import ARGUMENTS, CHROMIUM, WHY_SKIPPED
from tests.support.take_screenshots import IMAGES
from tests.support.user import DiscordUser, add_user, list_custom_ids, wait_until

VIEWPORT: Final[Any] = {"width": 1280, "height": 1600}
COLOURS: Final = 128
SOURCE: Final = {"filename": "lake.jpg", "base64": base64.b64encode(SAMPLE_IMAGE.read_bytes()).decode()}
PROMPTS: Final = ("a castle of clouds", "a castle of paper at dusk", "a castle of ice")


def main() -> None:
    if CHROMIUM is None:
        sys.exit(WHY_SKIPPED)
    with tempfile.TemporaryDirectory(prefix="pentimento-rounds-") as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        with run_stack(Path(folder) / "logs", discord_options=("--no-rate-limits",)) as stack:
            wait_until_ready(stack)
            players = [add_user(stack, name)[0] for name in ("pia", "quin", "rosa")]
            play_evening(browser, DiscordUser(stack), players)
        browser.close()


def play_evening(browser: Browser, host: DiscordUser, players: list[DiscordUser]) -> None:
    """Play two rounds; photograph the ballot of the first one, and the end."""
    used = host.invoke_command(
        "round start", host.stack.channel_id, {"image": SOURCE}, theme="castles in the air", rounds=2
    )
    panel = host.wait_for_private_message(used)
    host.press_button(panel, "round_start")
    thread = wait_until(
        lambda: next((c["id"] for c in host.get("/control/state")["channels"] if c["type"] == 11), None), "the thread"
    )
    for number in (1, 2):
        entering = wait_for_text(host, thread, f"Round {number} of 2")
        for player, prompt in zip(players, PROMPTS, strict=True):
            enter(player, entering, prompt)
        host.wait_for_private_text(host.invoke_command("round close", thread))
        voting = wait_for_text(host, thread, "Vote for your favourite", count=number)
        ballot = host.wait_for_private_message(host.press_button(voting, "round_vote"))
        host.use_component(ballot, find(ballot, "round_choice"), str(number))
        if number == 1:
            photograph(browser, host, thread, "rounds-ballot")
        host.wait_for_private_text(host.invoke_command("round close", thread))
    wait_for_text(host, thread, "That was")
    photograph(browser, host, thread, "rounds-end")


def enter(player: DiscordUser, message: dict[str, Any], prompt: str) -> None:
    """Enter a picture, and wait for the notice that it takes part."""
    used = player.submit_modal(player.press_button(message, "round_enter"), prompt=prompt)
    wait_until(lambda: player.get(f"/control/interactions/{used}").get("followups"), f"the entry of {player.name}")


def wait_for_text(user: DiscordUser, thread: str, text: str, count: int = 1) -> dict[str, Any]:
    """Wait for the message of this number that contains the text."""

    def look() -> dict[str, Any] | None:
        found = [m for m in user.list_messages(thread) if text in "\n".join(iter_message_texts(m))]
        return found[count - 1] if len(found) >= count else None

    return wait_until(look, f"“{text}”")


def find(message: dict[str, Any], action: str) -> str:
    return next(one for one in list_custom_ids(message) if one.startswith(f"{action}:"))


def photograph(browser: Browser, user: DiscordUser, thread: str, name: str) -> None:
    """Photograph the newest message of the thread as the user sees it."""
    page = browser.new_page(viewport=VIEWPORT)
    page.goto(f"{user.stack.discord_url}/?user={user.name}&channel={thread}")
    page.wait_for_timeout(3000)  # the page scrolls to the newest message once its pictures have their sizes
    taken = page.screenshot(clip={"x": 790, "y": 0, "width": 482, "height": 1510})
    page.close()
    image = Image.open(io.BytesIO(taken)).convert("RGB").quantize(COLOURS)
    image.save(IMAGES / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
