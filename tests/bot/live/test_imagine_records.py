"""`/imagine` writes a job down before it queues it."""

import asyncio
import hashlib
from typing import Any

import pytest

from bot.ports import Source, Unheard
from shared.errors import Refused, problem
from shared.job import Job
from tests.bot.live.stage import Guild, MemoryQueue, MemoryRecords, eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 100


async def test_a_job_is_in_the_records_with_its_source_before_it_is_queued(
    guild: Guild, queue: MemoryQueue, records: MemoryRecords
) -> None:
    go = asyncio.Event()
    queue.patience = go.wait()

    interaction = await guild.invoke(prompt="a castle", image=PNG)
    await eventually(lambda: interaction in records.states)
    assert (records.states[interaction], queue.jobs) == ("accepted", {})
    go.set()
    await eventually(lambda: records.states[interaction] == "queued")

    source = records.sources[interaction]
    assert isinstance(source, Source)
    assert (source.size, source.expires_at is not None) == (len(PNG), True)
    assert records.hashes[interaction] == hashlib.sha256(PNG).hexdigest()
    await eventually(lambda: queue.threads != {})


async def test_records_that_cannot_be_written_refuse_in_words_before_anything_is_queued(
    guild: Guild, queue: MemoryQueue, records: MemoryRecords
) -> None:
    records.trouble = Refused(problem("records_unavailable"))

    answer = await guild.private_answer(await guild.invoke(prompt="a castle", image=PNG))

    assert answer.startswith("The request could not be taken on.")
    assert queue.jobs == {}


@pytest.mark.parametrize(
    ("trouble", "code"),
    [(Refused(problem("no_room")), "no_room"), (ZeroDivisionError("surprise"), "internal")],
)
async def test_what_the_queue_refuses_closes_the_record(
    guild: Guild, queue: MemoryQueue, records: MemoryRecords, trouble: Exception, code: str
) -> None:
    queue.trouble = trouble

    interaction = await guild.invoke(prompt="a castle")
    await guild.private_answer(interaction)

    assert records.states == {interaction: code}


async def test_a_job_of_which_the_queue_answers_nothing_stays_written_down_and_its_author_is_told(
    guild: Guild, queue: MemoryQueue, records: MemoryRecords
) -> None:
    queue.trouble = Unheard()

    interaction = await guild.invoke(prompt="a castle")
    state = await guild.until(interaction, lambda state: state["followups"])

    assert records.states == {interaction: "queued"}
    assert "need not ask again" in state["followups"][0]["content"]
    assert (state["followups"][0]["flags"] & 64, state["message"].get("deleted")) == (64, None)
    await eventually(lambda: queue.threads)


async def test_a_picture_that_cannot_be_fetched_closes_the_record(guild: Guild, records: MemoryRecords) -> None:
    interaction = await guild.invoke(prompt="a castle", image=b"<html>" + bytes(50))
    await guild.private_answer(interaction)

    assert records.states == {interaction: "attachment_type"}


async def test_a_job_that_is_in_the_records_already_is_not_queued_again(
    guild: Guild, queue: MemoryQueue, records: MemoryRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    async def known(job: Job, source: Source | None) -> bool:
        asked.append(job.id)
        return False

    monkeypatch.setattr(records, "accepted", known)

    interaction = await guild.invoke(prompt="a castle")
    await eventually(lambda: asked == [interaction])
    await asyncio.sleep(0.2)

    assert (queue.jobs, records.states) == ({}, {})
