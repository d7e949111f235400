"""The database is asked before an outcome is posted, and written before the outcome is acknowledged."""

import time

import pytest

from bot.delivery.consumer import OutcomeConsumer
from bot.domain.messages import MessageRef
from bot.domain.records import ClosedRecord
from bot.domain.status import JobStatus, QueueState
from bot.domain.unreadable import JobOwner
from bot.storage.jobs import SqlJobStore
from bot.storage.session import Database
from bot.storage.tables import outcomes
from shared.catalogue import Catalogue
from shared.outcome import Failed
from shared.problems import make_problem
from tests.support.builders import read_rows
from tests.support.delivery import FakeOutcomeStream, deliver_outcome, make_consumer
from tests.support.discord_channel import DiscordChannel, make_generated, read_text
from tests.support.images import make_png

LOST_OUTCOME = Failed(problem=make_problem("interrupted"))


class FakeDeliveryStore:
    """A `DeliveryStore` in memory. `acknowledged_before_write` lists jobs acknowledged before they were recorded."""

    def __init__(self, outcome_stream: FakeOutcomeStream) -> None:
        self.outcomes: dict[str, ClosedRecord] = {}
        self.stream = outcome_stream
        self.acknowledged_before_write: list[str] = []

    async def load_closed_record(self, job_id: str) -> ClosedRecord | None:
        return self.outcomes.get(job_id)

    async def load_owner(self, job_id: str) -> JobOwner | None:
        return None

    async def mark_delivered(self, status: JobStatus, message: MessageRef | None, image: bytes | None = None) -> None:
        self.acknowledged_before_write += list(self.stream.delivered_messages)
        self.outcomes[status.job.id] = ClosedRecord(message)


@pytest.fixture
def delivery_store(outcome_stream: FakeOutcomeStream) -> FakeDeliveryStore:
    return FakeDeliveryStore(outcome_stream)


@pytest.fixture
def consumer(
    discord_channel: DiscordChannel,
    outcome_stream: FakeOutcomeStream,
    catalogue: Catalogue,
    delivery_store: FakeDeliveryStore,
) -> OutcomeConsumer:
    return make_consumer(discord_channel.client, outcome_stream, catalogue, store=delivery_store)


async def test_a_result_that_a_person_deleted_is_not_previewed_by_a_later_attempt(
    discord_channel: DiscordChannel,
    outcome_stream: FakeOutcomeStream,
    consumer: OutcomeConsumer,
    delivery_store: FakeDeliveryStore,
) -> None:
    job = await discord_channel.submit_job()
    delivery_store.outcomes[job.id] = ClosedRecord(MessageRef(job.origin.message_id, 1), is_deleted=True)
    outcome_stream.finish_job(job, make_generated(), make_png())

    await deliver_outcome(consumer, outcome_stream, job)

    assert await discord_channel.read_status(job) == "Your request has arrived."


async def test_an_outcome_is_recorded_before_it_is_acknowledged(
    discord_channel: DiscordChannel,
    outcome_stream: FakeOutcomeStream,
    consumer: OutcomeConsumer,
    delivery_store: FakeDeliveryStore,
) -> None:
    job = await discord_channel.submit_job()
    thread = await discord_channel.open_thread(job)
    outcome_stream.finish_job(job, LOST_OUTCOME, thread_id=thread)

    message = await deliver_outcome(consumer, outcome_stream, job)

    assert delivery_store.outcomes == {job.id: ClosedRecord(MessageRef(thread, message))}
    assert delivery_store.acknowledged_before_write == []


async def test_an_outcome_that_is_recorded_as_delivered_is_only_acknowledged(
    discord_channel: DiscordChannel,
    outcome_stream: FakeOutcomeStream,
    consumer: OutcomeConsumer,
    delivery_store: FakeDeliveryStore,
) -> None:
    job = await discord_channel.submit_job()
    thread = await discord_channel.open_thread(job)
    delivery_store.outcomes[job.id] = ClosedRecord(MessageRef(thread, 77))
    outcome_stream.finish_job(job, LOST_OUTCOME, thread_id=thread)

    assert await deliver_outcome(consumer, outcome_stream, job) == 77

    assert await discord_channel.list_messages(thread) == []
    assert f"/{thread}/77" in await discord_channel.read_status(job)


async def test_the_outcome_of_a_rejected_request_is_only_acknowledged(
    discord_channel: DiscordChannel,
    outcome_stream: FakeOutcomeStream,
    consumer: OutcomeConsumer,
    delivery_store: FakeDeliveryStore,
) -> None:
    job = await discord_channel.submit_job()
    delivery_store.outcomes[job.id] = ClosedRecord(None)
    outcome_stream.finish_job(job, LOST_OUTCOME)

    assert await deliver_outcome(consumer, outcome_stream, job) is None

    assert len(await discord_channel.list_messages()) == 1
    assert await discord_channel.read_status(job) == "Your request has arrived."


async def test_an_outcome_of_the_reconciler_is_posted_in_the_thread_and_found_again(
    discord_channel: DiscordChannel, consumer: OutcomeConsumer, delivery_store: FakeDeliveryStore
) -> None:
    job = await discord_channel.submit_job(locale="fr")
    status = JobStatus(
        job, QueueState.FINISHED, 0, 0, time.time(), None, Failed(problem=make_problem("queue_data_lost"))
    )

    message = await consumer.deliver_outcome(status)

    assert message is not None
    (posted,) = await discord_channel.list_messages(message.channel_id)
    assert "La file d'attente a perdu ta demande" in read_text(posted)
    assert delivery_store.outcomes == {job.id: ClosedRecord(message)}
    assert await consumer.find_outcome_message(status) == message


async def test_no_message_is_found_for_a_job_without_an_outcome(
    discord_channel: DiscordChannel, consumer: OutcomeConsumer
) -> None:
    job = await discord_channel.submit_job()

    assert (
        await consumer.find_outcome_message(JobStatus(job, QueueState.QUEUED, 0, 0, job.accepted_at, None, None))
        is None
    )


async def test_delivery_continues_while_the_database_is_unavailable(
    discord_channel: DiscordChannel,
    outcome_stream: FakeOutcomeStream,
    catalogue: Catalogue,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    url = f"sqlite:///{tmp_path_factory.mktemp('records') / 'records.db'}"
    database = Database(url)
    store = SqlJobStore(database, catalogue=catalogue)
    job = await discord_channel.submit_job()
    thread = await discord_channel.open_thread(job)
    outcome_stream.finish_job(job, LOST_OUTCOME, thread_id=thread)

    await deliver_outcome(
        make_consumer(discord_channel.client, outcome_stream, catalogue, store=store), outcome_stream, job
    )
    assert len(await discord_channel.list_messages(thread)) == 1

    await database.migrate()
    assert read_rows(url, outcomes) == []
    await database.close()
