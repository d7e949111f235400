"""“Reimagine” in the real house: on a result, with Redis between the form and its answer."""

import json
from collections.abc import Callable
from typing import Any

import redis

from demo.house import House
from shared.queue.names import draft_key, job_key
from tests.e2e.asker import Asker


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
