"""Retake the pictures of the owners' guide: `python -m tests.support.take_owner_screenshots` writes into docs/images.

It starts the demo and does as the owner of a new server, its moderator and its members in their first minutes: budgets
and their notices, the word list, a report in the log channel, and /diagnose.
"""

import sys
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.sync_api import Browser, sync_playwright

from tests.support.browser import ARGUMENTS, CHROMIUM, WHY_SKIPPED
from tests.support.contest_play import find_component
from tests.support.take_screenshots import call, running_demo, save_picture
from tests.support.user import wait_until

VIEWPORT: Final[Any] = {"width": 1000, "height": 1400}
MARGIN: Final = 12
MODERATOR_PERMISSIONS: Final = 1 << 40 | 1 << 13  # Timeout Members, Manage Messages
TIMEOUT_SECONDS: Final = 60


def main() -> None:
    if CHROMIUM is None:
        sys.exit(WHY_SKIPPED)
    with running_demo() as thread, sync_playwright() as playwright:
        address = urlsplit(thread)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        trip = OwnerTrip(browser, f"{address.scheme}://{address.netloc}")
        trip.set_up()
        trip.take_budgets()
        trip.take_notices()
        trip.take_words()
        trip.take_report()
        trip.take_diagnosis()
        browser.close()


@dataclass(frozen=True)
class OwnerTrip:
    """What an owner, a moderator and members do in the demo's server, each part in a channel of its own."""

    browser: Browser
    server: str

    def set_up(self) -> None:
        """Add the channels, a moderator, and the settings of `/server` that the pictures need."""
        for name in ("office", "art", "bot-notices", "bot-log", "help-desk"):
            call(f"{self.server}/control/channels", {"name": name, "type": 0})
        call(f"{self.server}/control/users", {"name": "mia"})
        role = {"name": "Moderators", "permissions": str(MODERATOR_PERMISSIONS)}
        roles = [call(f"{self.server}/control/roles", role)["id"], self.find_role("Member")]
        self.put("/control/members/mia", {"roles": roles})
        panel = self.invoke("studio", "server", "office")
        for name, channel in (("log_channel_id", "bot-log"), ("notice_channel_id", "bot-notices")):
            self.press("studio", panel, "server_section", "channels")
            self.press("studio", panel, f"server_setting:{name}:0", self.find_channel(channel))

    def take_budgets(self) -> None:
        """Set a budget for the server, a channel and a member, and list them."""
        for options in (
            {"amount": 20, "per": "month"},
            {"amount": 0.5, "per": "day", "channel": self.find_channel("art")},
            {"amount": 5, "in": "pictures", "per": "day", "member": self.find_user("ben")},
        ):
            self.invoke("studio", "budget set", "office", options)
        self.invoke("studio", "budget show", "office")
        self.photograph("studio", "office", "owners-budgets", newest=1)

    def take_notices(self) -> None:
        """Use up most of a budget, and show what the channel for notices reads."""
        for number in range(4):
            self.make_picture("ben", "art", f"a harbour at dusk, study {number + 1}")
        wait_until(lambda: len(self.list_messages("studio", "bot-notices")) > 2, "three notices", TIMEOUT_SECONDS)
        self.photograph("studio", "bot-notices", "owners-notices", newest=3)

    def take_words(self) -> None:
        """Add an entry to the word list, and show what a member reads whose prompt matches it."""
        self.invoke("studio", "words add", "office", {"entry": "spider*"})
        self.invoke("ada", "imagine", "help-desk", {"prompt": "a garden full of sp1ders"})
        self.photograph("ada", "help-desk", "owners-words", newest=1)

    def take_report(self) -> None:
        """Report a picture as a member, and show what moderators see in the log channel."""
        newest = [message for message in self.list_messages("ada", "art") if message.get("thread")][-1]
        full = call(f"{self.server}/client/channels/{newest['thread']['id']}/messages?user=ada")[-1]
        more = self.press("ada", full, find_component(full, "more"))
        form = self.press("ada", more, find_component(more, "report"))
        reason = {"reason": "This is my house, with its number. I did not agree to that."}
        call(f"{self.server}/control/submit", {"user": "ada", "interaction_id_of_modal": form["id"], "values": reason})
        wait_until(lambda: "report_action" in str(self.list_messages("mia", "bot-log")), "the report", TIMEOUT_SECONDS)
        self.photograph("mia", "bot-log", "owners-report", newest=1)

    def take_diagnosis(self) -> None:
        """Ask why a member cannot use a command."""
        options = {"member": self.find_user("ben"), "channel": self.find_channel("art"), "command": "/imagine"}
        self.make_picture("ben", "gallery", "a harbour at dusk, study 6")
        self.invoke("mia", "diagnose", "help-desk", options)
        self.photograph("mia", "help-desk", "owners-diagnose", newest=1)

    def find_channel(self, name: str) -> str:
        channels = call(f"{self.server}/control/state")["channels"]
        return next(str(channel["id"]) for channel in channels if channel.get("name") == name)

    def find_user(self, name: str) -> str:
        users = call(f"{self.server}/control/state")["users"]
        return next(str(user["id"]) for user in users if user["username"] == name)

    def find_role(self, name: str) -> str:
        roles = call(f"{self.server}/control/state")["guilds"][0]["roles"]
        return next(str(role["id"]) for role in roles if role["name"] == name)

    def list_messages(self, user: str, channel: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = call(f"{self._build_address(channel)}?user={user}")
        return found

    def invoke(self, user: str, name: str, channel: str, options: dict[str, Any] | None = None) -> dict[str, Any]:
        """Use a command; return its response."""
        asked = {"user": user, "channel_id": self.find_channel(channel), "name": name, "options": options or {}}
        return self._wait_for_response(call(f"{self.server}/control/invoke", asked)["interaction_id"])

    def press(self, user: str, message: dict[str, Any], custom_id: str, *values: str) -> dict[str, Any]:
        """Use a component of a message; return the response, or the form that it opens."""
        used = {"user": user, "message_id": message["id"], "custom_id": custom_id, "values": list(values)}
        return self._wait_for_response(call(f"{self.server}/control/press", used)["interaction_id"])

    def make_picture(self, user: str, channel: str, prompt: str) -> None:
        """Ask for a picture, and wait until its preview is there."""
        self.invoke(user, "imagine", channel, {"prompt": prompt})
        words = f"the prompt “{prompt}”"
        wait_until(lambda: words in str(self.list_messages(user, channel)), "the preview", TIMEOUT_SECONDS)

    def put(self, path: str, body: dict[str, Any]) -> None:
        call(f"{self.server}{path}", body, "PUT")

    def photograph(self, user: str, channel: str, name: str, *, newest: int) -> None:
        """Photograph the newest messages of a channel as a person sees it, in few colours."""
        page = self.browser.new_page(viewport=VIEWPORT, color_scheme="light")
        page.goto(f"{self.server}/?user={user}&channel={self.find_channel(channel)}")
        articles = page.locator("main article")
        articles.last.wait_for()
        page.wait_for_function("[...document.images].every(image => image.complete && image.naturalWidth)")
        page.wait_for_timeout(500)  # the page scrolls to the newest message once its pictures have their sizes
        first, last = articles.nth(articles.count() - newest).bounding_box(), articles.last.bounding_box()
        assert first
        assert last
        bottom = last["y"] + last["height"] + MARGIN
        top = max(first["y"] - MARGIN, 0)
        left, width = first["x"] - MARGIN, first["width"] + MARGIN
        png = page.screenshot(clip={"x": left, "y": top, "width": width, "height": bottom - top})
        page.close()
        save_picture(png, name)

    def _build_address(self, channel: str) -> str:
        return f"{self.server}/client/channels/{self.find_channel(channel)}/messages"

    def _wait_for_response(self, interaction_id: str) -> dict[str, Any]:
        """Wait for a form, whose `id` is that of the interaction, or for a message that shows something."""

        def look() -> dict[str, Any] | None:
            response = call(f"{self.server}/control/interactions/{interaction_id}")
            if response.get("modal"):
                return {**response["modal"], "id": interaction_id}
            message: dict[str, Any] = response.get("message") or {}
            return message if message.get("content") or message.get("components") else None

        return wait_until(look, "a response", TIMEOUT_SECONDS)


if __name__ == "__main__":
    main()
