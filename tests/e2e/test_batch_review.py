"""A batch from its board to its files: reviewed by sheet, one redone, exported, and made again from its manifest."""

import io
import json
import zipfile
from typing import Any

from demo.http_client import download_bytes
from demo.stack import Stack
from tests.support.contest_play import find_component
from tests.support.followups import list_followup_files
from tests.support.message_text import read_text
from tests.support.user import (
    DiscordUser,
    add_user,
    encode_file,
    list_components,
    list_custom_ids,
    list_media,
    wait_until,
)

EPHEMERAL = 1 << 6
TABLE = "prompt;name\na lamp of glass;glass\na lamp of paper;paper\na lamp [filtered];hidden\n"


def start_batch(user: DiscordUser) -> dict[str, Any]:
    """Start a batch of three rows, one of which is filtered; return its board once everything is made."""
    table = encode_file("lamps.csv", TABLE.encode())
    used = user.invoke_command("batch start", user.stack.channel_id, {"file1": table})
    preview = user.wait_for_private_message(used)
    user.press_button(preview, "batch_start")
    board = wait_until(lambda: find_message(user, user.stack.channel_id, "1 filtered"), "the board of what is made")
    assert board["thread"]["name"] == "Batch: lamps"
    return board


def list_shown(user: DiscordUser, channel: str, text: str) -> list[dict[str, Any]]:
    """List the messages with a text that everybody sees."""
    return [m for m in user.list_messages(channel) if not m["flags"] & EPHEMERAL and text in read_text(m)]


def find_message(user: DiscordUser, channel: str, text: str) -> dict[str, Any] | None:
    return next(iter(list_shown(user, channel, text)), None)


def find_result(user: DiscordUser, thread: str, text: str) -> dict[str, Any] | None:
    return next((message for message in list_shown(user, thread, text) if list_media(message)), None)


def find_sheet(user: DiscordUser, thread: str, text: str) -> dict[str, Any]:
    def find() -> dict[str, Any] | None:
        message = find_message(user, thread, "### Pictures 1 to 3")
        shown = "" if message is None else f"{read_text(message)} {message['components']}"
        return message if text in shown else None

    return wait_until(find, f"the sheet with {text}")


def open_made_item(user: DiscordUser, sheet: dict[str, Any], number: int) -> dict[str, Any] | None:
    """Open an item from its sheet; None unless it can be accepted."""
    opened = user.wait_for_private_message(user.use_component(sheet, find_component(sheet, "batch_open"), f"{number}"))
    return opened if any(one.startswith("batch_item_accept:") for one in list_custom_ids(opened)) else None


def test_a_batch_is_reviewed_redone_exported_and_made_again(stack: Stack, ada: DiscordUser) -> None:
    stranger, _ = add_user(stack, "sven")
    board = start_batch(ada)
    thread = board["id"]
    sheet = find_sheet(ada, thread, "Accept all 2 that are left")
    told = read_text(sheet)

    refused = stranger.wait_for_private_text(stranger.press_button(sheet, "batch_accept_all"))
    opened = ada.wait_for_private_message(ada.use_component(sheet, find_component(sheet, "batch_open"), "1"))
    form = ada.press_button(opened, "batch_item_redo")
    fields = ada.read_modal_fields(form)
    redone = ada.wait_for_private_text(ada.submit_modal(form, prompt="a lamp of ice"))
    sheet = find_sheet(ada, thread, "paper")
    hidden = stranger.wait_for_private_message(stranger.use_component(sheet, find_component(sheet, "batch_open"), "3"))
    again = wait_until(lambda: open_made_item(ada, sheet, 1), "the picture that was redone")
    ada.press_button(again, "vary")
    varied = wait_until(lambda: find_result(ada, thread, "a lamp of ice"), "the variation in the thread")
    ada.press_button(again, "batch_item_accept")
    following = wait_until(
        lambda: shown if "paper" in read_text(shown := ada.reload_private_message(again)) else None, "the next picture"
    )
    rejected = ada.press_button(following, "batch_item_reject")
    ada.submit_modal(rejected, reason="too thin")
    decided = find_sheet(ada, thread, "too thin")
    done = wait_until(lambda: find_message(ada, ada.stack.channel_id, "every picture is decided"), "the end")

    panel = ada.wait_for_private_message(ada.press_button(done, "batch_export"))
    used = ada.press_button(panel, "batch_export_now")
    (attachment,) = wait_until(lambda: list_followup_files(ada, used), "the archive")
    archive = download_bytes(attachment["url"])
    with zipfile.ZipFile(io.BytesIO(archive)) as files:
        names = files.namelist()
        manifest = json.loads(files.read("manifest.json"))
    sent = encode_file("batch.zip", archive)
    preview = ada.wait_for_private_message(ada.invoke_command("batch rerun", ada.stack.channel_id, {"manifest": sent}))

    assert "**3** · filtered" in told
    assert "hidden" not in told
    assert "hidden" not in read_text(hidden)
    assert "[filtered]" not in str(hidden["components"])
    assert refused.startswith("Only its reviewers")
    assert len(list_media(opened)) == 1
    assert fields["prompt"] == "a lamp of glass"
    assert redone.startswith("Picture 1 is made again, for up to $0.0")
    assert "a lamp of ice" in read_text(again)
    assert len(list_media(varied)) == 1
    assert "accepted by" in read_text(decided)
    assert [one["name"] for one in manifest["items"]] == ["glass"]
    assert manifest["items"][0]["request"]["text_prompts"][0]["text"] == "a lamp of ice"
    assert names == [manifest["items"][0]["file"], "manifest.csv", "manifest.json"]
    assert names[0].startswith("glass-")
    assert "1 picture can be made" in read_text(preview)
    assert any(one.get("custom_id", "").startswith("batch_again") for one in list_components(done))
