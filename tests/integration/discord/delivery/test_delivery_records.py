"""What the records say is believed before anything is posted, and written before anything is acknowledged."""

import time

import pytest

from bot.delivery import OutcomeConsumer
from bot.domain.messages import MessageRef
from bot.domain.records import ClosedRecord
from bot.domain.status import JobStatus, QueueState
from bot.storage.jobs import SqlJobStore
from bot.storage.session import Database
from bot.storage.tables import outcomes
from shared.catalogue import Catalogue
from shared.job import Job
from shared.outcome import Failed
from shared.problems import make_problem
from tests.support.builders import read_rows
from tests.support.discord_channel import DiscordChannel, FakeOutcomeStream, read_text, run_in_background

LOST_OUTCOME = Failed(problem=make_problem("lost"))


class FakeDeliveryStore:
    """Records in memory; `acknowledged_before` lists what the queue had been told when an end was written."""

    def __init__(self, ledger: FakeOutcomeStream) -> None:
        self.outcomes: dict[str, ClosedRecord] = {}
        self.stream = ledger
        self.acknowledged_before_write: list[str] = []

    async def load_closed_record(self, job_id: str) -> ClosedRecord | None:
        return self.outcomes.get(job_id)

    async def mark_delivered(self, status: JobStatus, message: MessageRef | None) -> None:
        self.acknowledged_before_write += list(self.stream.delivered_messages)
        self.outcomes[status.job.id] = ClosedRecord(message)


@pytest.fixture
def book(ledger: FakeOutcomeStream) -> FakeDeliveryStore:
    return FakeDeliveryStore(ledger)


@pytest.fixture
def deliver(
    world: DiscordChannel, ledger: FakeOutcomeStream, catalogue: Catalogue, book: FakeDeliveryStore
) -> OutcomeConsumer:
    return OutcomeConsumer(world.client, ledger, catalogue, store=book, retry_delays=(0.05,) * 40)


async def deliver_outcome(deliver: OutcomeConsumer, ledger: FakeOutcomeStream, job: Job) -> int | None:
    async with run_in_background(deliver.run):
        return await ledger.wait_until_delivered(job)


async def test_an_answer_is_written_down_before_its_outcome_is_acknowledged(
    world: DiscordChannel, ledger: FakeOutcomeStream, deliver: OutcomeConsumer, book: FakeDeliveryStore
) -> None:
    job = await world.submit_job()
    thread = await world.open_thread(job)
    ledger.finish_job(job, LOST_OUTCOME, thread=thread)

    message = await deliver_outcome(deliver, ledger, job)

    assert book.outcomes == {job.id: ClosedRecord(MessageRef(thread, message))}
    assert book.acknowledged_before_write == []


async def test_what_the_records_know_to_be_told_is_only_acknowledged(
    world: DiscordChannel, ledger: FakeOutcomeStream, deliver: OutcomeConsumer, book: FakeDeliveryStore
) -> None:
    job = await world.submit_job()
    thread = await world.open_thread(job)
    book.outcomes[job.id] = ClosedRecord(MessageRef(thread, 77))
    ledger.finish_job(job, LOST_OUTCOME, thread=thread)

    assert await deliver_outcome(deliver, ledger, job) == 77

    assert await world.list_messages(thread) == []
    assert f"/{thread}/77" in await world.read_status(job)


async def test_an_outcome_of_a_refused_request_is_only_acknowledged(
    world: DiscordChannel, ledger: FakeOutcomeStream, deliver: OutcomeConsumer, book: FakeDeliveryStore
) -> None:
    job = await world.submit_job()
    book.outcomes[job.id] = ClosedRecord(None)
    ledger.finish_job(job, LOST_OUTCOME)

    assert await deliver_outcome(deliver, ledger, job) is None

    assert len(await world.list_messages()) == 1
    assert await world.read_status(job) == "Your request has arrived."


async def test_what_reconciling_tells_is_said_in_the_thread_and_found_again(
    world: DiscordChannel, deliver: OutcomeConsumer, book: FakeDeliveryStore
) -> None:
    job = await world.submit_job(locale="fr")
    standing = JobStatus(job, QueueState.FINISHED, 0, 0, time.time(), None, Failed(problem=make_problem("forgotten")))

    told = await deliver.deliver_outcome(standing)

    assert told is not None
    (posted,) = await world.list_messages(told.channel_id)
    assert "La file d'attente a perdu la mémoire" in read_text(posted)
    assert book.outcomes == {job.id: ClosedRecord(told)}
    assert await deliver.find_outcome_message(standing) == told


async def test_a_job_without_an_answer_is_not_found(world: DiscordChannel, deliver: OutcomeConsumer) -> None:
    job = await world.submit_job()

    assert (
        await deliver.find_outcome_message(JobStatus(job, QueueState.QUEUED, 0, 0, job.accepted_at, None, None)) is None
    )


async def test_delivery_goes_on_while_the_records_are_away(
    world: DiscordChannel, ledger: FakeOutcomeStream, catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory
) -> None:
    url = f"sqlite:///{tmp_path_factory.mktemp('records') / 'records.db'}"
    database = Database(url)
    away = SqlJobStore(database, catalogue=catalogue)
    job = await world.submit_job()
    thread = await world.open_thread(job)
    ledger.finish_job(job, LOST_OUTCOME, thread=thread)

    await deliver_outcome(OutcomeConsumer(world.client, ledger, catalogue, store=away), ledger, job)
    assert len(await world.list_messages(thread)) == 1

    await database.migrate()
    assert read_rows(url, outcomes) == []
    await database.close()
