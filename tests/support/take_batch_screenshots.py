"""Retake the pictures of the batches' guide: `python -m tests.support.take_batch_screenshots` writes into docs/images.

On a stack of its own, a batch with two wrong rows is previewed and sent to approvers; one of eleven lamps runs, and is
reviewed in part. With a language and a folder, the pictures are in that language and go into the folder.
"""

import io
import sys
from pathlib import Path
from typing import Any, Final

from PIL import Image
from playwright.sync_api import Browser, Page

from demo.__main__ import SAMPLE_IMAGE
from tests.support.contest_play import find_component
from tests.support.message_text import read_text
from tests.support.server import find_owner
from tests.support.studio import open_channel, open_studio
from tests.support.take_screenshots import save_picture
from tests.support.user import DiscordUser, add_user, encode_file, list_media, wait_until

MAX_WIDTH: Final = 700
MEMBER_PERMISSIONS: Final = str(1 << 10 | 1 << 11 | 1 << 15 | 1 << 16 | 1 << 31)  # see, write, attach, read, use
TABLE: Final = """\
image;prompt;keep;count
castle.jpg;at dusk;60;2
castle.jpg;at dawn;a little;
missing.png;at noon;;
;a castle of paper in a shop window;;2
"""
MATERIALS: Final = ("glass", "paper", "brass", "clay", "linen", "oak", "ice", "wool", "[filtered]", "straw", "marble")


def main() -> None:
    locale, folder = (sys.argv[1], Path(sys.argv[2])) if sys.argv[1:] else ("en-US", None)
    with open_studio() as (browser, stack):
        requester = DiscordUser(stack)
        requester.patch(f"/control/users/{requester.name}", {"locale": locale})
        member, member_id = add_user(stack, "kim")
        member.patch(f"/control/users/{member.name}", {"locale": locale})
        preview_batch(browser, find_owner(stack), member, member_id, folder)
        review_batch(browser, requester, folder)


def preview_batch(browser: Browser, owner: DiscordUser, user: DiscordUser, user_id: str, folder: Path | None) -> None:
    """Send in a table with two wrong rows for a team, and photograph the preview and the message for approvers."""
    channel = user.stack.channel_id
    asked = ({"name": name, "permissions": MEMBER_PERMISSIONS} for name in ("Window team", "Approvers"))
    roles = [owner.post("/control/roles", one)["id"] for one in asked]
    owner.put(f"/control/members/{user_id}", {"roles": roles[:1]})
    team = {"role": roles[0], "approver": roles[1], "approval_limit": 0.3}
    owner.wait_for_private_message(owner.invoke_command("team setup", channel, **team))
    files = {
        "file1": encode_file("spring.csv", TABLE.encode()),
        "file2": encode_file("castle.jpg", SAMPLE_IMAGE.read_bytes()),
    }
    page = open_channel(browser, user, channel)
    used = user.invoke_command("batch start", channel, files, team=roles[0], title="Castles for the spring window")
    preview = user.wait_for_private_message(used)
    photograph_last(page, "batch-preview", folder)
    user.press_button(preview, "batch_start")
    wait_until(
        lambda: next((m for m in user.list_messages(channel) if "batch_approve" in str(m["components"])), None),
        "the message for approvers",
    )
    photograph(browser, user, channel, "batch-approval", folder)


def review_batch(browser: Browser, user: DiscordUser, folder: Path | None) -> None:
    """Start the batch, decide on some of its pictures, and photograph the board, a sheet and a picture."""
    rows = "".join(f"a lamp of {material};lamp-{material}\n" for material in MATERIALS)
    table = encode_file("lamps.csv", f"prompt;name\n{rows}".encode())
    channel = user.stack.channel_id
    preview = user.wait_for_private_message(
        user.invoke_command("batch start", channel, {"file1": table}, title="Lamps for the autumn window")
    )
    user.press_button(preview, "batch_start")
    board = wait_until(
        lambda: next((m for m in user.list_messages(channel) if "## Lamps" in read_text(m) and m.get("thread")), None),
        "the board",
    )
    sheets = wait_until(
        lambda: found if len(found := list_sheets(user, board["id"])) == 2 else None, "both sheets of the batch"
    )
    wait_until(lambda: "10 " in read_text(user.list_messages(channel)[-1]), "everything is made")
    user.use_component(sheets[0], find_component(sheets[0], "batch_accept"), "1", "2", "4", "5")
    user.use_component(sheets[0], find_component(sheets[0], "batch_reject"), "6")
    wait_until(lambda: "<@" in read_text(list_sheets(user, board["id"])[0]), "the decisions on the sheet")
    photograph(browser, user, channel, "batch-board", folder)
    photograph(browser, user, board["id"], "batch-sheet", folder, message=sheets[0]["id"])
    page = open_channel(browser, user, board["id"])
    user.use_component(sheets[0], find_component(sheets[0], "batch_open"), "3")
    photograph_last(page, "batch-picture", folder)


def list_sheets(user: DiscordUser, thread: str) -> list[dict[str, Any]]:
    return [m for m in user.list_messages(thread) if list_media(m) and "batch_open" in str(m["components"])]


def photograph(
    browser: Browser, user: DiscordUser, channel: str, name: str, folder: Path | None, *, message: str = ""
) -> None:
    """Photograph a message of a channel, the newest by default."""
    page = open_channel(browser, user, channel)
    page.wait_for_timeout(3000)  # the page scrolls to the newest message once its pictures have their sizes
    shown = page.locator(f'[data-message-id="{message}"]') if message else page.locator("[data-message-id]").last
    save(shown.screenshot(), name, folder)
    page.close()


def photograph_last(page: Page, name: str, folder: Path | None) -> None:
    page.wait_for_timeout(4000)
    save(page.locator("[data-message-id]").last.screenshot(), name, folder)
    page.close()


def save(taken: bytes, name: str, folder: Path | None) -> None:
    """Save a screenshot without the empty part to the right of a message."""
    with Image.open(io.BytesIO(taken)) as image:
        cropped = io.BytesIO()
        image.crop((0, 0, min(image.width, MAX_WIDTH), image.height)).save(cropped, "PNG")
    png = cropped.getvalue()
    if folder is None:
        save_picture(png, name)
    else:
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.png").write_bytes(png)


if __name__ == "__main__":
    main()
