"""A team's batch, end to end: files with wrong rows, the preview, mending, approval, and the pictures."""

import base64
from typing import Any

from demo.__main__ import SAMPLE_IMAGE
from tests.support.contest_play import find_component
from tests.support.message_text import read_text
from tests.support.user import DiscordUser, list_media, wait_until

TABLE = """\
image;prompt;keep;count
castle.jpg;at dusk;60;2
castle.jpg;at dawn;abc;
missing.png;at noon;;
;a lake in fog;;
"""


def encode_file(name: str, data: bytes) -> dict[str, str]:
    return {"filename": name, "base64": base64.b64encode(data).decode()}


def start_batch(user: DiscordUser, files: dict[str, Any], **options: Any) -> dict[str, Any]:
    """Use /batch start; return the preview."""
    used = user.invoke_command("batch start", user.stack.channel_id, files, **options)
    return wait_until(
        lambda: next((m for m in [user.wait_for_private_message(used)] if m["components"] or m["content"]), None),
        "the preview",
    )


def test_a_table_with_wrong_rows_is_mended_and_started(ada: DiscordUser) -> None:
    files = {
        "file1": encode_file("spring.csv", TABLE.encode()),
        "file2": encode_file("castle.jpg", SAMPLE_IMAGE.read_bytes()),
    }

    preview = start_batch(ada, files)
    text = read_text(preview)

    assert "3 pictures can be made." in text
    assert "2 rows are wrong" in text
    assert len(list_media(preview)) == 1
    ada.use_component(preview, find_component(preview, "batch_start"))
    wait_until(lambda: "Started" in read_text(ada.reload_private_message(preview)), "the start")
    board = wait_until(
        lambda: next((m for m in ada.list_messages(ada.stack.channel_id) if "spring" in read_text(m)), None),
        "the board",
    )
    wait_until(lambda: "100" in read_text(ada.reload_private_message(board)), "the end")
