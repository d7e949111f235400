"""`/lineage` end to end: an image's lineage as a tree, and the path to it as an animation."""

import io
from typing import Any

from PIL import Image

from demo.http_client import download_bytes
from tests.support.user import DiscordUser, list_media, wait_until


def wait_for_answer(user: DiscordUser, interaction: str) -> dict[str, Any]:
    return wait_until(
        lambda: next(
            (m for m in [user.get(f"/control/interactions/{interaction}").get("message")] if m and list_media(m)),
            None,
        ),
        "the tree",
    )


def read_text(message: dict[str, Any]) -> str:
    return "\n".join(part.get("content", "") for outer in message["components"] for part in outer["components"])


def test_a_lineage_is_shown_as_a_tree_and_as_an_animation(ada: DiscordUser) -> None:
    first = ada.wait_for_result(ada.submit_imagine("a castle"))
    varied, repeated = ada.press_button(first, "vary", "subtle"), ada.press_button(first, "regenerate")
    further = ada.press_button(ada.wait_for_result_in_place(varied), "vary", "strong")
    wait_until(
        lambda: all(ada.read_status(job).startswith("Done") for job in (varied, repeated, further)),
        "three ends",
    )

    message = wait_for_answer(ada, ada.invoke_command("lineage", first["channel_id"], result=varied))

    tree, film = list_media(message)
    drawn = Image.open(io.BytesIO(download_bytes(tree["media"]["url"])))
    played = Image.open(io.BytesIO(download_bytes(film["media"]["url"])))
    assert (drawn.format, played.format, getattr(played, "n_frames", 1) > 2) == ("JPEG", "WEBP", True)
    assert "of 4 AI-generated pictures" in tree["description"]
    from_channel = wait_for_answer(ada, ada.invoke_command("lineage", ada.stack.channel_id))
    assert "**this picture**" in read_text(from_channel), "without a picture in the channel it is her newest"
    lines = read_text(message).splitlines()
    assert sum("**this picture**" in line for line in lines) == 1
    assert sum(f"/{first['channel_id']}/" in line for line in lines) == 4


def test_the_lineage_does_not_show_the_source_of_a_deleted_result(ada: DiscordUser) -> None:
    first = ada.wait_for_result(ada.submit_imagine("a castle"))
    varied = ada.press_button(first, "vary", "subtle")
    ada.wait_for_result_in_place(varied)
    before = wait_for_answer(ada, ada.invoke_command("lineage", first["channel_id"], result=varied))

    ada.press_button(ada.wait_for_private_message(ada.press_button(first, "delete")), "delete_confirm")
    wait_until(lambda: first["id"] not in [m["id"] for m in ada.list_messages(first["channel_id"])], "a deleted answer")
    after = wait_for_answer(ada, ada.invoke_command("lineage", first["channel_id"], result=varied))

    assert ["original" in read_text(message) for message in (before, after)] == [True, False]


def test_an_unknown_job_is_rejected_in_private(ada: DiscordUser) -> None:
    first = ada.wait_for_result(ada.submit_imagine("a castle", image=None))

    refusal = ada.wait_for_private_text(ada.invoke_command("lineage", first["channel_id"], result="17"))

    assert refusal.startswith("I couldn't find that picture here")
