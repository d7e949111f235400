"""Many requests taken on at once: all written down or none, the picture fetched once, each refused by itself."""

import random
from types import SimpleNamespace
from typing import Any, cast

import discord
import pytest

from bot.domain.errors import QueueResultUnknownError
from bot.domain.images import RemoteImage, StoredImage
from bot.submission.images import ImageFetcher
from bot.submission.submitter import JobSubmitter
from bot.submission.validation import RequestValidator
from shared.catalogue import load_catalogue
from shared.job import Job, Origin, make_variant_id
from shared.problems import RejectedError, make_problem
from shared.request.builder import build_request
from tests.support.discord_guild import FakeJobQueue, FakeSubmissionStore

CATALOGUE = load_catalogue()
ORIGIN = Origin(guild_id=1, channel_id=2, message_id=3, is_in_thread=True)
REQUESTS = {
    make_variant_id("17", seed): build_request(CATALOGUE, prompt="a castle", has_picture=True, seed=seed)
    for seed in (1, 2, 3)
}
STORED_IMAGE = StoredImage("0" * 64, b"picture")
FULL_PROBLEM = make_problem("too_many_waiting", count=2, limit=2)


class FullQueue(FakeJobQueue):
    """A queue that has room for so many jobs; `broken` is raised for the first that finds none."""

    def __init__(self, capacity: int, error: Exception | None = None) -> None:
        super().__init__()
        self.capacity, self.full_error = capacity, error

    async def enqueue_job(self, job: Job, image: bytes | None, *, unknown_calls: int = 0) -> bool:
        if len(self.jobs) >= self.capacity:
            raise self.full_error or RejectedError(FULL_PROBLEM)
        return await super().enqueue_job(job, image, unknown_calls=unknown_calls)


class FailingSubmissionStore(FakeSubmissionStore):
    """Records that take so many jobs, and no more."""

    def __init__(self, capacity: int) -> None:
        super().__init__()
        self.capacity = capacity

    async def add_job(self, job: Job, image: RemoteImage | StoredImage | None) -> bool:
        if len(self.states) >= self.capacity:
            raise RejectedError(make_problem("records_unavailable"))
        return await super().add_job(job, image)


def make_submitter(queue: FakeJobQueue, store: FakeSubmissionStore) -> JobSubmitter:
    no_session = cast("Any", None)
    return JobSubmitter(
        RequestValidator(CATALOGUE, (), 10**6),
        ImageFetcher(no_session, (), 10**6),
        queue,
        store,
        rng=random.Random(7),
        clock=lambda: 1e9,
    )


def make_interaction() -> Any:
    permissions = discord.Permissions.all()
    user = SimpleNamespace(id=42, display_name="ada")
    return SimpleNamespace(
        id=17,
        user=user,
        locale=discord.Locale.french,
        extras={},
        guild_id=1,
        app_permissions=permissions,
        channel=None,
        client=None,
        filesize_limit=10**6,
    )


async def test_each_is_a_job_of_its_own_at_the_same_place() -> None:
    queue, records = FakeJobQueue(), FakeSubmissionStore()

    refused = await make_submitter(queue, records).submit_many(
        make_interaction(), REQUESTS, STORED_IMAGE, ORIGIN, parent_id="16"
    )

    assert refused == {}
    assert list(queue.jobs) == ["17-01", "17-02", "17-03"]
    assert [(job.seed, job.origin, job.parent_id, job.exploration_id) for job in queue.jobs.values()] == [
        (seed, ORIGIN, "16", "17") for seed in (1, 2, 3)
    ]
    assert set(queue.sources.values()) == {STORED_IMAGE.data}
    assert set(records.states.values()) == {"queued"}


async def test_taken_on_again_nothing_is_queued_twice() -> None:
    queue, records = FakeJobQueue(), FakeSubmissionStore()
    taking = make_submitter(queue, records)
    await taking.submit_many(make_interaction(), REQUESTS, STORED_IMAGE, ORIGIN)
    queue.jobs.clear()

    assert await taking.submit_many(make_interaction(), REQUESTS, STORED_IMAGE, ORIGIN) == {}

    assert queue.jobs == {}


async def test_what_finds_no_room_is_refused_by_itself_and_its_record_closed() -> None:
    queue, records = FullQueue(2), FakeSubmissionStore()

    refused = await make_submitter(queue, records).submit_many(make_interaction(), REQUESTS, STORED_IMAGE, ORIGIN)

    assert refused == {"17-03": (FULL_PROBLEM,)}
    assert records.states == {"17-01": "queued", "17-02": "queued", "17-03": "too_many_waiting"}


async def test_once_the_queue_does_not_answer_it_is_not_asked_for_the_others_which_wait_written_down() -> None:
    queue, records = FullQueue(1, QueueResultUnknownError()), FakeSubmissionStore()
    asked, told = make_interaction(), list[str]()

    async def send(text: str, *, ephemeral: bool) -> None:
        assert ephemeral
        told.append(text)

    asked.followup = SimpleNamespace(send=send)

    assert await make_submitter(queue, records).submit_many(asked, REQUESTS, STORED_IMAGE, ORIGIN) == {}

    assert (list(queue.jobs), set(records.states.values())) == (["17-01"], {"queued"})
    assert len(told) == 1


async def test_what_cannot_all_be_written_down_is_not_taken_on_at_all() -> None:
    queue, records = FakeJobQueue(), FailingSubmissionStore(2)

    with pytest.raises(RejectedError):
        await make_submitter(queue, records).submit_many(make_interaction(), REQUESTS, STORED_IMAGE, ORIGIN)

    assert queue.jobs == {}
    assert set(records.states.values()) == {"records_unavailable"}


async def test_after_an_unexpected_fault_those_that_were_queued_go_on_and_the_others_are_closed() -> None:
    queue, records = FullQueue(1, OSError("no route")), FakeSubmissionStore()

    with pytest.raises(OSError, match="no route"):
        await make_submitter(queue, records).submit_many(make_interaction(), REQUESTS, STORED_IMAGE, ORIGIN)

    assert records.states == {"17-01": "queued", "17-02": "internal", "17-03": "internal"}
