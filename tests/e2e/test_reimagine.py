"""Message commands end to end: “Reimagine” on a result, “Details” and “Provenance” on files that were posted again."""

import json
from collections.abc import Callable
from typing import Any

import redis

from demo.first_picture import iter_message_texts
from demo.http_client import download_bytes, request_json
from demo.stack import Stack
from shared.imaging.marks import has_content_credentials
from shared.queue.keys import DEFAULT_KEYS
from tests.support.images import encode_image, open_image
from tests.support.user import DiscordUser, list_custom_ids, list_media, wait_until


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
        assert 0 < client.ttl(DEFAULT_KEYS.draft_key(opened)) <= 3600
        assert json.loads(client.hget(DEFAULT_KEYS.job_key(asked), "job") or "")["parent_id"] == job


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
        draft = client.get(DEFAULT_KEYS.draft_key(opened)) or ""
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


def test_provenance_tells_the_posted_file_from_a_changed_one_and_from_a_picture_without_marks(
    ada: DiscordUser, stack: Stack
) -> None:
    job = ada.submit_imagine("a lighthouse", keep=40)
    result = ada.wait_for_result(job)
    ada.wait_until_stored(job)
    posted = download_bytes(list_media(result)[0]["media"]["url"])
    bare = encode_image(open_image(posted).convert("RGB"), "JPEG", quality=60)
    ben = DiscordUser(stack, "ben")

    def read_provenance(message: dict[str, Any]) -> str:
        return ben.wait_for_private_text(ben.invoke_message_command(message, "Provenance"))

    told = read_provenance(result)
    again = read_provenance(ben.post_file("found.png", posted))
    preview = wait_until(
        lambda: text if "the preview" in (text := read_provenance(ada.wait_for_status(job))) else None, "its hash"
    )
    changed = read_provenance(ben.post_file("changed.png", posted + b"\0"))
    stranger = read_provenance(ben.post_file("photo.jpg", bare))

    assert "I made this picture with SD 3.5 Large" in told
    assert "byte for byte" in told
    assert "byte for byte" in again
    assert "I made this picture" in preview
    assert "isn't a file I posted" in changed
    assert "AI had a part in it" in changed
    assert "no such file" in stranger
    assert "proves nothing" in stranger
    assert "a lighthouse" not in told + again + preview + changed + stranger


def test_the_credentials_of_a_models_answer_arrive_untouched_and_are_told(
    ada: DiscordUser, stack: Stack, list_calls: Callable[[], list[dict[str, Any]]]
) -> None:
    request_json("PUT", f"{stack.bedrock_url}/control/c2pa", {"manifest": True})
    try:
        job = ada.submit_imagine("a lighthouse", image=None)
        result = ada.wait_for_result(job)
    finally:
        request_json("PUT", f"{stack.bedrock_url}/control/c2pa", {"manifest": None})
    ada.wait_until_stored(job)

    posted = download_bytes(list_media(result)[0]["media"]["url"])
    told = ada.wait_for_private_text(ada.invoke_message_command(result, "Provenance"))

    assert len(list_calls()) == 1
    assert has_content_credentials(posted)
    assert b"pentimento" not in posted, "any change would break a signature"
    assert "byte for byte" in told
    assert "There are some, but I can't read them" in told
