"""Message commands end to end: “Reimagine” on a result, “Details” on a file that was posted again."""

import json
from collections.abc import Callable
from typing import Any

import redis

from demo.first_picture import iter_message_texts
from demo.http_client import download_bytes
from demo.stack import Stack
from shared.queue.keys import draft_key, job_key
from tests.support.user import DiscordUser, list_custom_ids, list_media


def test_a_result_can_be_reimagined_and_becomes_the_parent(
    ada: DiscordUser, stack: Stack, list_calls: Callable[[], list[dict[str, Any]]]
) -> None:
    job = ada.submit_imagine("a castle", keep=60)
    first = ada.wait_for_result(job)
    ben = DiscordUser(stack, "ben")

    opened = ben.invoke_message_command(first, "Reimagine")
    asked = ben.submit_modal(opened, prompt="a ruin", keep="80")
    second = ben.wait_for_result_in_place(asked)

    one, other = list_calls()
    assert (other["body"]["prompt"], other["body"]["strength"]) == ("a ruin", 0.2)
    assert other["body"]["image"] != one["body"]["image"]
    assert second["channel_id"] == first["channel_id"]
    with redis.Redis.from_url(stack.redis_url, decode_responses=True) as client:
        assert 0 < client.ttl(draft_key(opened)) <= 3600
        assert json.loads(client.hget(job_key(asked), "job") or "")["parent_id"] == job


def test_the_preview_of_a_result_stands_for_the_result(ada: DiscordUser, stack: Stack) -> None:
    job = ada.submit_imagine("a castle", image=None)
    ada.wait_for_result(job)
    ada.wait_until_stored(job)
    preview = ada.wait_for_status(job)

    details = ada.wait_for_private_text(ada.invoke_message_command(preview, "Details"))
    opened = ada.invoke_message_command(preview, "Reimagine")
    ada.read_modal_fields(opened)

    assert "a castle" in details
    with redis.Redis.from_url(stack.redis_url, decode_responses=True) as client:
        draft = client.get(draft_key(opened)) or ""
    assert job in draft
    assert "preview" not in draft, "the full picture is the source"


def test_details_can_be_read_from_a_result_that_was_posted_again(
    ada: DiscordUser, stack: Stack, list_calls: Callable[[], list[dict[str, Any]]]
) -> None:
    first = ada.wait_for_result(ada.submit_imagine("a lighthouse", image=None))
    ben = DiscordUser(stack, "ben")
    again = ben.post_file("found.png", download_bytes(list_media(first)[0]["media"]["url"]))

    details = ada.wait_for_private_message(ada.invoke_message_command(again, "Details"))
    ada.wait_for_chosen_result(ada.press_button(details, "metadata_run"))

    one, other = list_calls()
    assert "a lighthouse" in "\n".join(iter_message_texts(details))
    assert one["body"] == other["body"]


def test_details_of_a_result_come_from_the_database(ada: DiscordUser) -> None:
    job = ada.submit_imagine("a lighthouse", image=None)
    first = ada.wait_for_result(job)
    ada.wait_until_stored(job)

    details = ada.wait_for_private_message(ada.invoke_message_command(first, "Details"))

    assert "$0.08" in "\n".join(iter_message_texts(details))
    assert [written.split(":")[0] for written in list_custom_ids(details)] == ["regenerate_same_seed"]
