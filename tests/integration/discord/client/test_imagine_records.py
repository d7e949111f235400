"""`/imagine` stores a job before it queues it."""

import asyncio
import hashlib
from collections.abc import Sequence

import pytest

from bot.domain.budgets import Budget, BudgetExceededError, BudgetPeriod, BudgetScope, BudgetUnit, BudgetUsage, Spender
from bot.domain.errors import QueueResultUnknownError
from bot.domain.images import RemoteImage
from shared.job import Job
from shared.problems import RejectedError, make_problem
from tests.support.discord_guild import GuildClient, wait_until
from tests.support.fake_stores import FakeJobQueue, FakeSubmissionStore

pytestmark = pytest.mark.asyncio(loop_scope="module")

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 100


async def test_a_job_is_stored_with_its_source_before_it_is_queued(
    guild: GuildClient, job_queue: FakeJobQueue, submission_store: FakeSubmissionStore
) -> None:
    may_queue = asyncio.Event()
    job_queue.delay = may_queue.wait()

    interaction = await guild.invoke_imagine(prompt="a castle", image=PNG)
    await wait_until(lambda: interaction in submission_store.states)
    assert (submission_store.states[interaction], job_queue.jobs) == ("accepted", {})
    may_queue.set()
    await wait_until(lambda: submission_store.states[interaction] == "queued")

    source = submission_store.sources[interaction]
    assert isinstance(source, RemoteImage)
    assert (source.size_bytes, source.expires_at is not None) == (len(PNG), True)
    assert submission_store.hashes[interaction] == hashlib.sha256(PNG).hexdigest()


async def test_a_job_that_cannot_be_stored_is_rejected_and_not_queued(
    guild: GuildClient, job_queue: FakeJobQueue, submission_store: FakeSubmissionStore
) -> None:
    submission_store.error = RejectedError(make_problem("database_unavailable"))

    answer = await guild.read_private_answer(await guild.invoke_imagine(prompt="a castle", image=PNG))

    assert answer.startswith("I can't reach my records right now")
    assert job_queue.jobs == {}


async def test_a_request_beyond_a_budget_is_refused_privately_in_the_language_of_its_author(
    guild: GuildClient, job_queue: FakeJobQueue, submission_store: FakeSubmissionStore
) -> None:
    budget = Budget("1", BudgetScope.GUILD, 1, 1, BudgetPeriod.DAY, BudgetUnit.USD, 5_000_000)
    submission_store.error = BudgetExceededError(BudgetUsage(budget, 4_970_000, 1_800_000_000), 80_000, 0)

    answer = await guild.read_private_answer(await guild.invoke_imagine(prompt="a castle"))

    assert "This needs $0.08, and $0.03 of this server's $5.00 per day is left." in answer
    assert "<t:1800000000:R>" in answer
    assert job_queue.jobs == {}


async def test_a_request_goes_on_the_account_of_the_member_in_their_channel(
    guild: GuildClient, submission_store: FakeSubmissionStore
) -> None:
    job_id = await guild.invoke_imagine(prompt="a castle")

    await wait_until(lambda: job_id in submission_store.spenders)
    spender = submission_store.spenders[job_id]
    assert str(spender.channel_id) == guild.channel
    assert spender.guild_id in spender.role_ids  # the role of everyone


@pytest.mark.parametrize(
    ("error", "code"),
    [(RejectedError(make_problem("queue_full")), "queue_full"), (ZeroDivisionError("surprise"), "internal")],
)
async def test_a_rejection_by_the_queue_closes_the_record(
    guild: GuildClient, job_queue: FakeJobQueue, submission_store: FakeSubmissionStore, error: Exception, code: str
) -> None:
    job_queue.error = error

    interaction = await guild.invoke_imagine(prompt="a castle")
    await guild.read_private_answer(interaction)

    assert submission_store.states == {interaction: code}


async def test_a_job_whose_queue_result_is_unknown_stays_stored_and_its_author_is_told(
    guild: GuildClient, job_queue: FakeJobQueue, submission_store: FakeSubmissionStore
) -> None:
    job_queue.error = QueueResultUnknownError()

    interaction = await guild.invoke_imagine(prompt="a castle")
    state = await guild.wait_for_interaction(interaction, lambda state: state["followups"])

    assert submission_store.states == {interaction: "queued"}
    assert "no need to send it again" in state["followups"][0]["content"]
    assert (state["followups"][0]["flags"] & 64, state["message"].get("deleted")) == (64, None)


async def test_a_picture_that_cannot_be_downloaded_closes_the_record(
    guild: GuildClient, submission_store: FakeSubmissionStore
) -> None:
    interaction = await guild.invoke_imagine(prompt="a castle", image=b"<html>" + bytes(50))
    await guild.read_private_answer(interaction)

    assert submission_store.states == {interaction: "attachment_type"}


async def test_a_job_that_is_already_stored_is_not_queued_again(
    guild: GuildClient, job_queue: FakeJobQueue, submission_store: FakeSubmissionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_ids: list[str] = []

    async def reject_known_jobs(jobs: Sequence[Job], source: RemoteImage | None, spender: Spender) -> bool:
        job_ids.extend(job.id for job in jobs)
        return False

    monkeypatch.setattr(submission_store, "add_jobs", reject_known_jobs)

    interaction = await guild.invoke_imagine(prompt="a castle")
    await wait_until(lambda: job_ids == [interaction])
    await asyncio.sleep(0.2)

    assert (job_queue.jobs, submission_store.states) == ({}, {})
