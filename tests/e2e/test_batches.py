"""A team's afternoon, end to end: files with wrong rows, the preview, mending, approval, and the command line."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from demo.__main__ import SAMPLE_IMAGE
from demo.http_client import download_bytes
from demo.stack import Stack
from tests.support.contest_play import find_component
from tests.support.followups import list_followup_texts
from tests.support.message_text import read_text
from tests.support.operator import run_bot_command
from tests.support.user import DiscordUser, add_user, encode_file, list_components, list_media, wait_until

EPHEMERAL = 64
MEMBER_PERMISSIONS = str(1 << 10 | 1 << 11 | 1 << 15 | 1 << 16 | 1 << 31 | 1 << 38)  # see, write, attach, read, use

TABLE = """\
image;prompt;keep;count
castle.jpg;at dusk;60;2
castle.jpg;at dawn;abc;
missing.png;at noon;;
;a lake in fog;;
"""


def send_batch(user: DiscordUser, table: str, **options: Any) -> dict[str, Any]:
    """Use /batch start with a table and the picture that it names; return the preview."""
    files = {"file1": encode_file("spring.csv", table.encode())}
    if "castle.jpg" in table:
        files["file2"] = encode_file("castle.jpg", SAMPLE_IMAGE.read_bytes())
    used = user.invoke_command("batch start", user.stack.channel_id, files, **options)
    return user.wait_for_private_message(used)


def wait_for_text(user: DiscordUser, message: dict[str, Any], text: str) -> str:
    """Wait until a message says this; return all that it says."""

    def read() -> str | None:
        found = read_text(user.reload_private_message(message))
        return found if text in found else None

    return wait_until(read, f"“{text}”")


def find_message(user: DiscordUser, text: str, *others: dict[str, Any]) -> dict[str, Any]:
    """Wait for the newest message of the channel with this text that everybody sees, and that is none of the others."""
    known = {other["id"] for other in others}

    def find() -> dict[str, Any] | None:
        posted = [
            one
            for one in user.list_messages(user.stack.channel_id)
            if one["id"] not in known and not one["flags"] & EPHEMERAL
        ]
        return next((message for message in reversed(posted) if text in read_text(message)), None)

    return wait_until(find, f"a message with “{text}”")


def find_file(message: dict[str, Any]) -> str:
    """Find the address of the file that a message shows."""
    parts = [part for container in message["components"] for part in container["components"]]
    return next(str(part["file"]["url"]) for part in parts if "file" in part)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_table_with_wrong_rows_is_mended_and_started(stack: Stack, language: str) -> None:
    user, user_id = add_user(stack, "dora")
    user.patch(f"/control/users/{user_id}", {"locale": {"en": "en-US", "fr": "fr"}[language]})
    preview = send_batch(user, TABLE, title=f"spring {language}", template="{prompt} in ink")
    first = read_text(preview)
    told = download_bytes(find_file(preview)).decode("utf-8-sig")
    form = user.press_button(preview, "batch_brief")
    kept = user.read_modal_fields(form)["title"]
    brief = {
        "title": f"summer {language}",
        "text": "for the shop",
        "due_on": "2026-12-24",
        "file_pattern": "{row}-{name}",
    }
    user.submit_modal(form, **brief)
    wait_for_text(user, preview, "for the shop")
    assert (
        user.read_modal_fields(user.press_button(user.reload_private_message(preview), "batch_brief")).items()
        >= brief.items()
    )
    user.press_button(user.reload_private_message(preview), "batch_priority")
    corrected = told.replace("abc", "50").replace("missing.png", "castle.jpg")
    table = user.post_file("mended.csv", corrected.encode())["attachments"][0]["id"]
    again = user.press_button(user.reload_private_message(preview), "batch_again_form")
    template = user.read_modal_fields(again)["template"]
    user.submit_modal(again, files=[table], template=template)
    price = "$0.40" if language == "en" else "0,40"
    mended = wait_for_text(user, preview, price)
    outdated = find_component(preview, "batch_start")
    refused = user.use_forged_component(user.reload_private_message(preview), outdated)
    wait_until(lambda: list_followup_texts(user, refused), "the refusal of the first preview")
    user.press_button(user.reload_private_message(preview), "batch_start")
    board = find_message(user, f"summer {language}")
    wait_for_text(user, board, "100")

    said = {
        "en": ("3 pictures can be made. ", "2 rows are wrong", "Row 3:", "Row 4:", "problem"),
        "fr": (
            "3 images peuvent être créées.",
            "2 lignes sont fausses",
            "Ligne 3\u00a0:",
            "Ligne 4\u00a0:",
            "problème",
        ),
    }[language]
    assert all(text.strip() in first for text in said[:4])
    assert said[4] in told.splitlines()[0]
    assert (kept, template) == (f"spring {language}", "{prompt} in ink")
    assert len(list_media(preview)) == 1
    assert said[2] not in mended


def test_pictures_of_a_message_become_a_batch(ada: DiscordUser) -> None:
    message = ada.post_file("castle.jpg", SAMPLE_IMAGE.read_bytes())

    form = ada.invoke_message_command(message, "Batch from these pictures")
    used = ada.submit_modal(form, template="in {red,blue} light", title="lights")
    preview = ada.wait_for_private_message(used)
    ada.press_button(preview, "batch_discard")

    assert "2 pictures can be made." in read_text(preview)
    wait_for_text(ada, preview, "Discarded.")


def test_a_batch_above_the_limit_of_its_team_waits_for_an_approver(owner: DiscordUser) -> None:
    (kim, kim_id), (lou, lou_id) = (add_user(owner.stack, name) for name in ("kim", "lou"))
    roles = {
        name: owner.post("/control/roles", {"name": name, "permissions": MEMBER_PERMISSIONS})["id"]
        for name in ("poster team", "approvers")
    }
    owner.put(f"/control/members/{kim_id}", {"roles": [roles["poster team"], roles["approvers"]]})
    owner.put(f"/control/members/{lou_id}", {"roles": [roles["approvers"]]})
    setup = {"role": roles["poster team"], "approver": roles["approvers"], "approval_limit": 0.1}
    owner.wait_for_private_message(owner.invoke_command("team setup", owner.stack.channel_id, **setup))

    preview = send_batch(kim, "prompt\na castle\na lake\n", team="poster team", title="posters")
    kim.press_button(preview, "batch_start")
    asked = find_message(kim, "posters")
    prompts = read_text(lou.wait_for_private_message(lou.press_button(asked, "batch_prompts")))
    own = kim.wait_for_private_text(kim.press_button(asked, "batch_approve"))
    batch_id = find_component(asked, "batch_refuse").split(":")[1]
    form = lou.press_button(asked, "batch_refuse")
    lou.submit_modal(form, note="make them *brighter*")
    told = wait_until(lambda: next((t for t in kim.list_direct_texts() if "posters" in t), None), "the message to Kim")
    decided = wait_for_text(kim, asked, "asked for changes")
    preview = kim.wait_for_private_message(kim.invoke_command("batch status", owner.stack.channel_id, batch=batch_id))
    kim.press_button(preview, "batch_start")
    again = find_message(kim, "posters", asked)
    stranger = DiscordUser(owner.stack)
    refused = stranger.wait_for_private_text(stranger.press_button(again, "batch_approve"))
    approved = lou.wait_for_private_text(lou.press_button(again, "batch_approve"))
    board = find_message(kim, "posters", asked, again)
    wait_for_text(kim, board, "100")

    assert "an approver has to agree first" in read_text(preview)
    assert f"<@&{roles['approvers']}>" in read_text(asked)
    assert "**1** “a castle”" in prompts
    assert "a castle" not in read_text(asked)
    assert own.startswith("You sent this batch in yourself")
    assert "brighter" in told
    assert not [one for one in list_components(kim.reload_private_message(asked)) if "batch_" in one["custom_id"]]
    assert "brighter" not in decided  # the words are the requester's alone
    assert refused.startswith("Only approvers of this team")
    assert approved == "Approved: it has started."


def test_the_operator_sends_a_batch_in_once_for_each_key(stack: Stack, ada: DiscordUser, tmp_path: Path) -> None:
    table = tmp_path / "nightly.csv"
    table.write_text(TABLE, encoding="utf-8")
    (tmp_path / "castle.jpg").write_bytes(SAMPLE_IMAGE.read_bytes())
    guild_id = ada.get("/control/state")["guilds"][0]["id"]
    place = ("--guild", guild_id, "--channel", stack.channel_id)

    submit = (
        "batch",
        "submit",
        str(table),
        str(tmp_path / "castle.jpg"),
        *place,
        "--idempotency-key",
        "night-1",
        "--json",
    )
    wrong = run_bot_command(stack, *submit)
    command = [sys.executable, "-m", "bot", *submit, "--skip-wrong-rows"]
    submitted = subprocess.run(command, env=stack.environment, capture_output=True, text=True, check=False)
    again = run_bot_command(stack, *submit, "--skip-wrong-rows")
    board = find_message(ada, "nightly")
    wait_for_text(ada, board, "100")
    batch = json.loads(submitted.stdout)
    status = json.loads(run_bot_command(stack, "batch", "status", batch["id"], "--json").stdout)
    listed = run_bot_command(stack, "batch", "list", "--guild", guild_id).stdout
    elsewhere = run_bot_command(stack, "batch", "submit", str(table), "--guild", guild_id, "--channel", guild_id)

    assert wrong.returncode == 2
    assert [line.partition(":")[0] for line in wrong.stderr.splitlines()[:2]] == ["Row 3", "Row 4"]
    assert wrong.stdout == ""
    assert (submitted.returncode, again.returncode) == (0, 0)
    assert json.loads(again.stdout)["id"] == batch["id"]
    assert batch["state"] == "running"
    assert batch["items"] == {"pending": 3}
    assert status["items"] == {"generated": 3}
    assert status["spent_usd"] == pytest.approx(0.24)
    assert batch["id"] in listed
    assert "the bot's operator" in read_text(board)
    assert elsewhere.returncode == 2
    assert elsewhere.stderr.startswith("The bot can't see that channel")
