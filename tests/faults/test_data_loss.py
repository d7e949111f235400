"""Buttons under old messages work after a restart of the bot and after Redis or the database was lost."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from demo.first_picture import iter_message_texts, wait_until_ready
from demo.http_client import request_json
from demo.processes import Process
from demo.stack import Stack, run_stack
from shared.queue.keys import DEFAULT_KEYS
from tests.support.user import DiscordUser, list_custom_ids, wait_until


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack whose bot is stopped and started."""
    with run_stack(
        tmp_path_factory.mktemp("data-loss") / "logs",
        discord_options=("--no-rate-limits",),
        bedrock_options=("--latency", "0.2"),
        settings={"BEDROCK_CALL_SECONDS": "4", "LEASE_SECONDS": "3"},
    ) as opened:
        wait_until_ready(opened)
        yield opened
        opened.processes["bot"].stop()


def stop_bot(stack: Stack) -> None:
    """Stop the bot once it has stored everything that it delivered."""
    with redis.Redis.from_url(stack.redis_url) as client:
        wait_until(lambda: not client.exists(DEFAULT_KEYS.open_jobs), "a queue without open jobs")
    assert stack.processes["bot"].stop() == 0


def start_bot(stack: Stack) -> None:
    """Start the bot again in a new process."""
    before = stack.processes["bot"]
    stack.processes["bot"] = Process("bot-again", ("-m", "bot"), before.log.parent, stack.environment)
    wait_until_ready(stack)


def empty_redis(stack: Stack) -> None:
    with redis.Redis.from_url(stack.redis_url) as client:
        client.flushall()


def delete_records(stack: Stack) -> None:
    file = Path(stack.environment["DATABASE_URL"].removeprefix("sqlite:///"))
    for left in file.parent.glob(file.name + "*"):
        left.unlink()


def find_last_call(stack: Stack) -> dict[str, Any]:
    body: dict[str, Any] = request_json("GET", f"{stack.bedrock_url}/control/calls")[-1]["body"]
    return body


def test_a_form_opened_before_a_restart_can_be_submitted_after_it(stack: Stack) -> None:
    ada = DiscordUser(stack)
    first = ada.wait_for_result(ada.submit_imagine("a castle", seed=7))
    opened = ada.press_button(first, "edit")
    filled = ada.read_modal_fields(opened)
    stop_bot(stack)
    start_bot(stack)

    ada.wait_for_result_in_place(ada.submit_modal(opened, **filled | {"prompt": "a ship"}))

    assert (find_last_call(stack)["prompt"], find_last_call(stack)["seed"]) == ("a ship", 7)


def test_buttons_work_after_redis_was_emptied(stack: Stack) -> None:
    ada = DiscordUser(stack)
    first = ada.wait_for_result(ada.submit_imagine("a castle", keep=60))
    before = find_last_call(stack)
    stop_bot(stack)
    empty_redis(stack)
    start_bot(stack)

    ada.wait_for_result_in_place(ada.press_button(first, "regenerate"))

    assert {**find_last_call(stack), "seed": 0, "image": 0} == {**before, "seed": 0, "image": 0}


def test_buttons_work_after_redis_and_database_were_lost(stack: Stack) -> None:
    ada = DiscordUser(stack)
    from_words = ada.wait_for_result(ada.submit_imagine("a castle", image=None, negative="crowds", aspect="16:9"))
    before = find_last_call(stack)
    from_picture = ada.wait_for_result(ada.submit_imagine("a ship", keep=60))
    stop_bot(stack)
    empty_redis(stack)
    delete_records(stack)
    start_bot(stack)

    ada.wait_for_result_in_place(ada.press_button(from_words, "regenerate"))
    assert {**find_last_call(stack), "seed": 0} == {**before, "seed": 0}
    ada.wait_for_result_in_place(ada.press_button(from_picture, "vary", "strong"))
    assert (find_last_call(stack)["prompt"], find_last_call(stack)["strength"]) == ("a ship", 0.5)
    choice = ada.wait_for_private_message(ada.press_button(from_picture, "upscale"))
    ada.wait_for_chosen_result(ada.press_button(choice, "upscale_with", "fast-upscale"))
    assert "The picture this one started from is no longer stored." in ada.wait_for_private_text(
        ada.press_button(from_picture, "regenerate")
    )
    assert "a ship" in "\n".join(
        iter_message_texts(ada.wait_for_private_message(ada.press_button(from_picture, "details")))
    )
    assert "I can't add this picture to your favourites" in ada.wait_for_private_text(
        ada.press_button(from_picture, "favourite")
    )


def test_if_a_model_is_gone_a_button_repeats_the_request_with_another(stack: Stack) -> None:
    ada = DiscordUser(stack)
    fault = {"fault": "eol", "times": 1, "match": {"prompt": "a castle of the past"}}
    request_json("POST", f"{stack.bedrock_url}/control/faults", fault)
    gone = ada.wait_for_result(ada.submit_imagine("a castle of the past", image=None))
    text = "\n".join(iter_message_texts(gone))

    ada.press_button(gone, "regenerate_with", "stable-image-core")

    def list_posted() -> list[dict[str, Any]]:
        messages = ada.list_messages(gone["channel_id"])
        answered = any(f"regenerate:{gone['id']}" in list_custom_ids(message) for message in messages)
        return messages if answered else []

    posted = wait_until(list_posted, "the answer of the other model")
    left = [custom_id.split(":")[0] for custom_id in list_custom_ids(posted[0])]
    assert "regenerate_with" not in left, "the choice ends"
    assert "regenerate" in left
    assert "SD 3.5 Large is no longer available" in text
    assert request_json("GET", f"{stack.bedrock_url}/control/calls")[-1]["model"].startswith(
        "stability.stable-image-core"
    )
