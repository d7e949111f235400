"""Retake the pictures of the contests' guide: `python -m tests.support.take_round_screenshots` writes into docs/images.

It plays an evening of two rounds on a stack of its own, as host, entrants and voters.
"""

from typing import Any, Final

from playwright.sync_api import Browser

from tests.support.contest_play import SOURCE, close, enter, find_component, find_posted, start_contest
from tests.support.studio import open_channel, open_studio
from tests.support.take_screenshots import save_picture
from tests.support.user import DiscordUser, add_user

VIEWPORT: Final[Any] = {"width": 1280, "height": 1600}
PROMPTS: Final = ("a castle of clouds", "a castle of paper at dusk", "a castle of ice")


def main() -> None:
    with open_studio() as (browser, stack):
        players = [add_user(stack, name)[0] for name in ("pia", "quin", "rosa")]
        play_evening(browser, DiscordUser(stack), players)


def play_evening(browser: Browser, host: DiscordUser, players: list[DiscordUser]) -> None:
    """Play two rounds; photograph the ballot of the first one, and the end."""
    thread = start_contest(host, "castles in the air", {"image": SOURCE}, rounds=2)
    for number in (1, 2):
        entering = find_posted(host, thread, f"Round {number} of 2")
        for player, prompt in zip(players, PROMPTS, strict=True):
            enter(player, entering, prompt)
        close(host, thread)
        voting = find_posted(host, thread, "Vote for your favourite", number=number)
        ballot = host.wait_for_private_message(host.press_button(voting, "round_vote"))
        host.use_component(ballot, find_component(ballot, "round_choice"), str(number))
        if number == 1:
            photograph(browser, host, thread, "rounds-ballot")
        close(host, thread)
    find_posted(host, thread, "That was")
    photograph(browser, host, thread, "rounds-end")


def photograph(browser: Browser, user: DiscordUser, thread: str, name: str) -> None:
    """Photograph the newest message of the thread as the user sees it."""
    page = open_channel(browser, user, thread, VIEWPORT)
    page.wait_for_timeout(3000)  # the page scrolls to the newest message once its pictures have their sizes
    taken = page.screenshot(clip={"x": 790, "y": 0, "width": 482, "height": 1510})
    page.close()
    save_picture(taken, name)


if __name__ == "__main__":
    main()
