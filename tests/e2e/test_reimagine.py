"""The commands of a message in the real house: “Reimagine” on a result, “Details” on a file that was posted again."""

import json
from collections.abc import Callable
from typing import Any

import redis

from demo.first_picture import words_of
from demo.house import House
from demo.web import download
from shared.queue.names import draft_key, job_key
from tests.e2e.asker import Asker, custom_ids, media_of


def test_a_result_is_reimagined_and_known_as_the_parent(
    ada: Asker, house: House, calls: Callable[[], list[dict[str, Any]]]
) -> None:
    job = ada.ask("a castle", keep=60)
    first = ada.answer(job)
    ben = Asker(house, "ben")

    opened = ben.use_on(first, "Reimagine")
    asked = ben.submit(opened, prompt="a ruin", keep="80")
    second = ben.answer_here(asked)

    one, other = calls()
    assert (other["body"]["prompt"], other["body"]["strength"]) == ("a ruin", 0.2)
    assert other["body"]["image"] != one["body"]["image"]
    assert second["channel_id"] == first["channel_id"]
    with redis.Redis.from_url(house.redis_url, decode_responses=True) as client:
        assert 0 < client.ttl(draft_key(opened)) <= 3600
        assert json.loads(client.hget(job_key(asked), "job") or "")["parent"] == job


def test_a_result_that_somebody_posts_again_still_says_how_it_was_made(
    ada: Asker, house: House, calls: Callable[[], list[dict[str, Any]]]
) -> None:
    first = ada.answer(ada.ask("a lighthouse", image=None))
    ben = Asker(house, "ben")
    again = ben.share("found.png", download(media_of(first)[0]["media"]["url"]))

    details = ada.private(ada.use_on(again, "Details"))
    ada.answer(ada.press(details, "run"))

    one, other = calls()
    assert "a lighthouse" in "\n".join(words_of(details))
    assert one["body"] == other["body"]


def test_details_of_a_result_are_those_of_the_records(ada: Asker) -> None:
    job = ada.ask("a lighthouse", image=None)
    first = ada.answer(job)
    ada.written_down(job)

    details = ada.private(ada.use_on(first, "Details"))

    assert "$0.08" in "\n".join(words_of(details))
    assert [written.split(":")[0] for written in custom_ids(details)] == ["exact"]
