"""`/imagine` writes a job down before it queues it."""

import asyncio
import hashlib

import pytest

from bot.domain.errors import QueueResultUnknownError
from bot.domain.images import RemoteImage
from shared.job import Job
from shared.problems import RejectedError, make_problem
from tests.support.discord_guild import FakeJobQueue, FakeSubmissionStore, GuildClient, wait_until

pytestmark = pytest.mark.asyncio(loop_scope="module")

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 100


async def test_a_job_is_in_the_records_with_its_source_before_it_is_queued(
    guild: GuildClient, queue: FakeJobQueue, records: FakeSubmissionStore
) -> None:
    go = asyncio.Event()
    queue.delay = go.wait()

    interaction = await guild.invoke_imagine(prompt="a castle", image=PNG)
    await wait_until(lambda: interaction in records.states)
    assert (records.states[interaction], queue.jobs) == ("accepted", {})
    go.set()
    await wait_until(lambda: records.states[interaction] == "queued")

    source = records.sources[interaction]
    assert isinstance(source, RemoteImage)
    assert (source.size_bytes, source.expires_at is not None) == (len(PNG), True)
    assert records.hashes[interaction] == hashlib.sha256(PNG).hexdigest()
    await wait_until(lambda: queue.threads != {})


async def test_records_that_cannot_be_written_refuse_in_words_before_anything_is_queued(
    guild: GuildClient, queue: FakeJobQueue, records: FakeSubmissionStore
) -> None:
    records.error = RejectedError(make_problem("records_unavailable"))

    answer = await guild.read_private_answer(await guild.invoke_imagine(prompt="a castle", image=PNG))

    assert answer.startswith("The request could not be taken on.")
    assert queue.jobs == {}


@pytest.mark.parametrize(
    ("trouble", "code"),
    [(RejectedError(make_problem("no_room")), "no_room"), (ZeroDivisionError("surprise"), "internal")],
)
async def test_what_the_queue_refuses_closes_the_record(
    guild: GuildClient, queue: FakeJobQueue, records: FakeSubmissionStore, trouble: Exception, code: str
) -> None:
    queue.error = trouble

    interaction = await guild.invoke_imagine(prompt="a castle")
    await guild.read_private_answer(interaction)

    assert records.states == {interaction: code}


async def test_a_job_of_which_the_queue_answers_nothing_stays_written_down_and_its_author_is_told(
    guild: GuildClient, queue: FakeJobQueue, records: FakeSubmissionStore
) -> None:
    queue.error = QueueResultUnknownError()

    interaction = await guild.invoke_imagine(prompt="a castle")
    state = await guild.wait_for_interaction(interaction, lambda state: state["followups"])

    assert records.states == {interaction: "queued"}
    assert "need not ask again" in state["followups"][0]["content"]
    assert (state["followups"][0]["flags"] & 64, state["message"].get("deleted")) == (64, None)
    await wait_until(lambda: queue.threads)


async def test_a_picture_that_cannot_be_fetched_closes_the_record(
    guild: GuildClient, records: FakeSubmissionStore
) -> None:
    interaction = await guild.invoke_imagine(prompt="a castle", image=b"<html>" + bytes(50))
    await guild.read_private_answer(interaction)

    assert records.states == {interaction: "attachment_type"}


async def test_a_job_that_is_in_the_records_already_is_not_queued_again(
    guild: GuildClient, queue: FakeJobQueue, records: FakeSubmissionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    async def known(job: Job, source: RemoteImage | None) -> bool:
        asked.append(job.id)
        return False

    monkeypatch.setattr(records, "add_job", known)

    interaction = await guild.invoke_imagine(prompt="a castle")
    await wait_until(lambda: asked == [interaction])
    await asyncio.sleep(0.2)

    assert (queue.jobs, records.states) == ({}, {})
