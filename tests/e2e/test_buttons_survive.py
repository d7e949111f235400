"""Buttons under old messages work when the bot was restarted, Redis emptied, the records lost: real processes each."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from demo.first_picture import wait_until_ready, words_of
from demo.house import House, open_house
from demo.processes import Process
from demo.web import call
from shared.queue.names import OPEN_JOBS
from tests.e2e.asker import Asker, custom_ids, until


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A house whose bot comes and goes."""
    with open_house(
        tmp_path / "logs",
        discord_options=("--no-rate-limits",),
        bedrock_options=("--latency", "0.2"),
        settings={"BEDROCK_CALL_SECONDS": "4", "LEASE_SECONDS": "3"},
    ) as opened:
        wait_until_ready(opened)
        yield opened
        opened.processes["bot"].stop()


def stop(house: House) -> None:
    """Stop the bot when it has written down what it told."""
    with redis.Redis.from_url(house.redis_url) as client:
        until(lambda: not client.exists(OPEN_JOBS), "a queue without open jobs")
    assert house.processes["bot"].stop() == 0


def start(house: House) -> None:
    """Start the bot again, in a process that knows nothing."""
    before = house.processes["bot"]
    house.processes["bot"] = Process("bot-again", ("-m", "bot"), before.log.parent, house.environment)
    wait_until_ready(house)


def empty_redis(house: House) -> None:
    with redis.Redis.from_url(house.redis_url) as client:
        client.flushall()


def lose_records(house: House) -> None:
    file = Path(house.environment["DATABASE_URL"].removeprefix("sqlite:///"))
    for left in file.parent.glob(file.name + "*"):
        left.unlink()


def last_call(house: House) -> dict[str, Any]:
    body: dict[str, Any] = call("GET", f"{house.bedrock_url}/control/calls")[-1]["body"]
    return body


def test_a_form_that_was_opened_before_a_restart_is_taken_after_it(house: House) -> None:
    ada = Asker(house)
    first = ada.answer(ada.ask("a castle", seed=7))
    opened = ada.press(first, "edit")
    filled = ada.fields(opened)
    stop(house)
    start(house)

    ada.answer_here(ada.submit(opened, **filled | {"prompt": "a ship"}))

    assert (last_call(house)["prompt"], last_call(house)["seed"]) == ("a ship", 7)


def test_with_redis_emptied_the_records_are_enough(house: House) -> None:
    ada = Asker(house)
    first = ada.answer(ada.ask("a castle", keep=60))
    before = last_call(house)
    stop(house)
    empty_redis(house)
    start(house)

    ada.answer_here(ada.press(first, "again"))

    assert {**last_call(house), "seed": 0, "image": 0} == {**before, "seed": 0, "image": 0}


def test_with_the_records_lost_too_the_pictures_own_words_are_enough(house: House) -> None:
    ada = Asker(house)
    from_words = ada.answer(ada.ask("a castle", image=None, negative="crowds", aspect="16:9"))
    before = last_call(house)
    from_picture = ada.answer(ada.ask("a ship", keep=60))
    stop(house)
    empty_redis(house)
    lose_records(house)
    start(house)

    ada.answer_here(ada.press(from_words, "again"))
    assert {**last_call(house), "seed": 0} == {**before, "seed": 0}
    ada.answer_here(ada.press(from_picture, "vary", "strong"))
    assert (last_call(house)["prompt"], last_call(house)["strength"]) == ("a ship", 0.5)
    ada.answer_here(ada.press(ada.private(ada.press(from_picture, "upscale")), "upscale", "fast-upscale"))
    assert "The picture this started from is gone." in ada.private_words(ada.press(from_picture, "again"))
    assert "a ship" in "\n".join(words_of(ada.private(ada.press(from_picture, "details"))))
    assert "cannot be marked" in ada.private_words(ada.press(from_picture, "favourite"))


def test_where_a_model_is_gone_another_one_is_asked_by_a_button(house: House) -> None:
    ada = Asker(house)
    gone = ada.answer(ada.ask("a castle [eol-once]", image=None))
    said = "\n".join(words_of(gone))

    ada.answer_here(ada.press(gone, "again", "stable-image-core"))

    assert "SD 3.5 Large is no longer available" in said
    assert call("GET", f"{house.bedrock_url}/control/calls")[-1]["model"].startswith("stability.stable-image-core")
    assert "no longer available" in ada.private_words(ada.press(gone, "again", gone_job(gone)))


def gone_job(message: dict[str, Any]) -> str:
    """Give the end of the custom id of the plain Again: the job's own id."""
    return next(written for written in custom_ids(message) if written.count(":") == 1).partition(":")[2]
