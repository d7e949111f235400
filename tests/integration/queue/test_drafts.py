"""Drafts on a real Redis: they count in the limits per minute, weigh little, and give way to jobs."""

import random
import string
from collections.abc import AsyncIterator, Awaitable

import pytest

from bot.domain.draft import Draft, SyntaxAnswers
from bot.domain.exploration import ExplorationPlan, Variation
from bot.domain.search import SearchQuery
from bot.queue.connection import QueueRedis, connect_to_redis
from bot.queue.drafts import MAX_DRAFTS_PER_USER, RedisDraftStore
from bot.queue.job_queue import RedisJobQueue
from bot.queue.limits import Limits, ScopeLimits
from bot.queue.saved_searches import MAX_SAVED_SEARCHES, RedisSavedSearchStore
from shared.catalogue import Catalogue
from shared.notes import make_note
from shared.problems import RejectedError
from shared.prompts import TextPrompt
from shared.queue.keys import DEFAULT_KEYS
from shared.request.model import BuiltRequest, Request
from tests.support.redis_queue import make_job, send_no_ticket

BEN, ADA = 1, 2
PLACE = {"channel_id": 2, "guild_id": 1}
LIMITS = Limits(user=ScopeLimits(max_per_minute=3), guild=ScopeLimits(max_per_minute=4))


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[QueueRedis]:
    opened = connect_to_redis(redis_url)
    yield opened
    await opened.config_set("maxmemory", "0")
    await opened.aclose()


def make_plan(user: int, prompt: str = "a castle") -> Draft:
    request = Request(model="sd3.5-large", text_prompts=(TextPrompt(text=prompt),), has_picture=False)
    requests = tuple(request.model_copy(update={"seed": seed}) for seed in range(1, 10))
    return Draft(user_id=user, images=(), plan=ExplorationPlan(Variation.SEEDS, requests))


def open_queue(client: QueueRedis, catalogue: Catalogue, ratio: float = 0.8) -> RedisJobQueue:
    return RedisJobQueue(
        client, catalogue=catalogue, build_ticket=send_no_ticket, limits=LIMITS, max_memory_ratio=ratio
    )


async def find_rejection(work: Awaitable[object]) -> str:
    with pytest.raises(RejectedError) as rejected:
        await work
    return rejected.value.problems[0].code


async def test_plans_and_jobs_count_together_in_the_users_own_limit(client: QueueRedis, catalogue: Catalogue) -> None:
    drafts, queue = RedisDraftStore(client, limits=LIMITS), open_queue(client, catalogue)
    await drafts.save_plan("1", make_plan(BEN), **PLACE)
    await drafts.save_plan("1", make_plan(BEN), **PLACE)  # the same interaction
    await queue.enqueue_job(make_job(2, user=BEN), None)
    await drafts.save_plan("3", make_plan(BEN), **PLACE)

    assert await find_rejection(drafts.save_plan("4", make_plan(BEN), **PLACE)) == "too_often_user"
    assert await find_rejection(queue.enqueue_job(make_job(5, user=BEN), None)) == "too_often_user"
    assert await drafts.load_draft("4") is None
    await drafts.save_draft("6", Draft(user_id=BEN, images=()))  # a form counts when it is submitted


async def test_a_users_plans_count_for_the_plans_of_a_server_but_stop_nobody_elses_job(
    client: QueueRedis, catalogue: Catalogue
) -> None:
    drafts, queue = RedisDraftStore(client, limits=LIMITS), open_queue(client, catalogue)
    for number in range(3):
        await drafts.save_plan(str(number), make_plan(BEN), **PLACE)
    await drafts.save_plan("3", make_plan(ADA), **PLACE)

    assert await find_rejection(drafts.save_plan("4", make_plan(ADA), **PLACE)) == "too_often_guild"
    assert await queue.enqueue_job(make_job(5, user=ADA), None)


async def test_the_answers_to_a_question_are_read_as_they_were_saved(client: QueueRedis) -> None:
    drafts = RedisDraftStore(client)
    built = BuiltRequest(Request(model="sdxl", text_prompts=(), has_picture=True), (make_note("link_used"),))
    draft = Draft(user_id=BEN, images=(), answers=SyntaxAnswers(built, None, count=4))
    await drafts.save_draft("1", draft)

    assert await drafts.load_draft("1") == draft


async def test_a_plan_weighs_little_more_than_its_request(client: QueueRedis) -> None:
    plan = make_plan(BEN, "".join(random.Random(1).choices(string.ascii_letters, k=5900)))
    drafts = RedisDraftStore(client)

    await drafts.save_plan("1", plan, **PLACE)

    assert await client.strlen(DEFAULT_KEYS.draft_key("1")) < 8000
    assert await drafts.load_draft("1") == plan


async def test_a_user_keeps_the_latest_drafts(client: QueueRedis) -> None:
    drafts = RedisDraftStore(client)
    for number in range(MAX_DRAFTS_PER_USER + 3):
        await drafts.save_draft(str(number), Draft(user_id=BEN, images=()))
    await drafts.save_draft("ada", Draft(user_id=ADA, images=()))

    assert [await drafts.load_draft(str(number)) for number in range(3)] == [None, None, None]
    assert await drafts.load_draft("3")
    assert await drafts.load_draft("ada")


@pytest.mark.parametrize("ratio", [0.8, 1.0])
@pytest.mark.parametrize("picture", [None, b"x" * 1000])
async def test_drafts_give_way_to_a_job_when_memory_is_short(
    client: QueueRedis, catalogue: Catalogue, ratio: float, picture: bytes | None
) -> None:
    """At a ratio of 1.0, Redis itself refuses: the picture, or the script."""
    drafts, queue = RedisDraftStore(client, max_memory_ratio=ratio), open_queue(client, catalogue, ratio)
    for number in range(600):
        await drafts.save_draft(str(number), Draft(user_id=number, images=(), parent_id="9" * 1500))
    used = (await client.info("memory"))["used_memory"]
    await client.config_set("maxmemory", int((used - 100_000) / ratio))

    assert await find_rejection(drafts.save_draft("x", Draft(user_id=BEN, images=()))) == "queue_full"
    assert await queue.enqueue_job(make_job(1, user=ADA, has_picture=picture is not None), picture)
    assert await drafts.load_draft("0") is None


async def test_a_person_keeps_the_latest_searches(client: QueueRedis) -> None:
    searches = RedisSavedSearchStore(client)
    for number in range(95, 95 + MAX_SAVED_SEARCHES + 2):
        await searches.save_search(str(number), SearchQuery(BEN))

    assert await client.hlen(DEFAULT_KEYS.saved_searches_key(BEN)) == MAX_SAVED_SEARCHES
    assert await searches.load_search("96", BEN) is None
    assert await searches.load_search("97", BEN) is not None
