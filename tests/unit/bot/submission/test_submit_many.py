"""Submitting many requests at once: all are recorded or none, and each is rejected on its own."""

import random
from types import SimpleNamespace
from typing import Any, cast

import discord
import pytest

from bot.domain.errors import QueueResultUnknownError
from bot.domain.images import StoredImage
from bot.interactions.teams import ask_for_oneself
from bot.submission.images import ImageFetcher
from bot.submission.submitter import JobSubmitter
from bot.submission.validation import RequestValidator
from shared.catalogue import load_catalogue
from shared.job import Job, Origin, make_variant_id
from shared.problems import RejectedError, make_problem
from shared.request.builder import build_request
from tests.support.fake_stores import FakeJobQueue, FakeSubmissionStore

CATALOGUE = load_catalogue()
ORIGIN = Origin(guild_id=1, channel_id=2, message_id=3, is_in_thread=True)
REQUESTS = {
    make_variant_id("17", seed): build_request(CATALOGUE, prompt="a castle", has_picture=True, seed=seed).request
    for seed in (1, 2, 3)
}
STORED_IMAGE = StoredImage("0" * 64, b"picture")
FULL_PROBLEM = make_problem("too_many_waiting", count=2, limit=2)


class FullQueue(FakeJobQueue):
    """A queue for `capacity` jobs. `error` is raised for the others instead of a rejection."""

    def __init__(self, capacity: int, error: Exception | None = None) -> None:
        super().__init__()
        self.capacity, self.full_error = capacity, error

    async def enqueue_job(self, job: Job, image: bytes | None, *, unknown_calls: int = 0) -> bool:
        if len(self.jobs) >= self.capacity:
            raise self.full_error or RejectedError(FULL_PROBLEM)
        return await super().enqueue_job(job, image, unknown_calls=unknown_calls)


async def show_nothing() -> None:
    """Acknowledge nothing."""


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
    interaction: Any = SimpleNamespace(
        followup=None,
        id=17,
        user=user,
        locale=discord.Locale.french,
        extras={},
        guild_id=1,
        guild=None,
        channel_id=2,
        app_permissions=permissions,
        channel=None,
        client=None,
        filesize_limit=10**6,
    )
    ask_for_oneself(interaction)
    return interaction


async def test_each_request_becomes_a_job_with_the_same_origin() -> None:
    queue, store = FakeJobQueue(), FakeSubmissionStore()

    rejections = await make_submitter(queue, store).submit_many(
        make_interaction(), REQUESTS, STORED_IMAGE, ORIGIN, show_nothing, parent_id="16"
    )

    assert rejections == {}
    assert list(queue.jobs) == ["17-01", "17-02", "17-03"]
    assert [(job.seed, job.origin, job.parent_id, job.exploration_id) for job in queue.jobs.values()] == [
        (seed, ORIGIN, "16", "17") for seed in (1, 2, 3)
    ]
    assert set(queue.sources.values()) == {STORED_IMAGE.data}
    assert set(store.states.values()) == {"queued"}


async def test_requests_that_are_submitted_again_are_not_queued_twice() -> None:
    queue, store = FakeJobQueue(), FakeSubmissionStore()
    submitter = make_submitter(queue, store)
    await submitter.submit_many(make_interaction(), REQUESTS, STORED_IMAGE, ORIGIN, show_nothing)
    queue.jobs.clear()

    assert await submitter.submit_many(make_interaction(), REQUESTS, STORED_IMAGE, ORIGIN, show_nothing) == {}

    assert queue.jobs == {}


async def test_a_job_that_finds_no_room_is_rejected_alone_and_its_record_is_closed() -> None:
    queue, store = FullQueue(2), FakeSubmissionStore()

    rejections = await make_submitter(queue, store).submit_many(
        make_interaction(), REQUESTS, STORED_IMAGE, ORIGIN, show_nothing
    )

    assert rejections == {"17-03": (FULL_PROBLEM,)}
    assert store.states == {"17-01": "queued", "17-02": "queued", "17-03": "too_many_waiting"}


async def test_after_a_lost_reply_of_the_queue_the_other_jobs_stay_recorded_without_being_queued() -> None:
    queue, store = FullQueue(1, QueueResultUnknownError()), FakeSubmissionStore()
    interaction, texts = make_interaction(), list[str]()

    async def send(text: str, *, ephemeral: bool) -> None:
        assert ephemeral
        texts.append(text)

    interaction.followup = SimpleNamespace(send=send)

    assert (
        await make_submitter(queue, store).submit_many(interaction, REQUESTS, STORED_IMAGE, ORIGIN, show_nothing) == {}
    )

    assert (list(queue.jobs), set(store.states.values())) == (["17-01"], {"queued"})
    assert len(texts) == 1


async def test_if_a_job_cannot_be_recorded_none_is_queued() -> None:
    queue, store = FakeJobQueue(), FakeSubmissionStore()
    store.error = RejectedError(make_problem("database_unavailable"))

    with pytest.raises(RejectedError):
        await make_submitter(queue, store).submit_many(make_interaction(), REQUESTS, STORED_IMAGE, ORIGIN, show_nothing)

    assert queue.jobs == {}
    assert store.states == {}


async def test_after_an_unexpected_error_queued_jobs_continue_and_the_records_of_the_others_are_closed() -> None:
    queue, store = FullQueue(1, OSError("no route")), FakeSubmissionStore()

    with pytest.raises(OSError, match="no route"):
        await make_submitter(queue, store).submit_many(make_interaction(), REQUESTS, STORED_IMAGE, ORIGIN, show_nothing)

    assert store.states == {"17-01": "queued", "17-02": "internal", "17-03": "internal"}
