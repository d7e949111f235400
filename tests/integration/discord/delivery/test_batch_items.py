"""The outcome of an item of a batch is stored with its picture; nobody is told, and its messages show it."""

from dataclasses import replace
from pathlib import Path

import pytest

from bot.storage.batch_jobs import SqlBatchJobStore
from bot.storage.batches import SqlBatchStore
from bot.storage.images import SqlImageStore
from bot.storage.jobs import SqlJobStore
from bot.storage.session import Database
from bot.storage.tables import batch_results, jobs, undelivered_images
from shared.catalogue import Catalogue
from shared.job import BatchRef
from shared.outcome import Failed, Outcome
from shared.problems import make_problem
from tests.support.batches import BATCH_ID, make_batch, make_items
from tests.support.builders import read_rows
from tests.support.delivery import FakeOutcomeStream, deliver_outcome, make_consumer
from tests.support.discord_channel import DiscordChannel, make_generated
from tests.support.images import make_png


@pytest.mark.parametrize("outcome", [make_generated(), Failed(problem=make_problem("quota_exceeded"))])
async def test_an_outcome_is_stored_once_and_posted_nowhere(
    discord_channel: DiscordChannel,
    outcome_stream: FakeOutcomeStream,
    catalogue: Catalogue,
    tmp_path: Path,
    outcome: Outcome,
) -> None:
    url = f"sqlite:///{tmp_path / 'records.db'}"
    database = Database(url)
    await database.migrate()
    batches = SqlBatchStore(database, catalogue=catalogue)
    (item,) = make_items(1)
    assert await batches.add_draft(make_batch(), [item])
    await batches.start(BATCH_ID)
    ref = BatchRef(batch_id=BATCH_ID, item_number=1)
    job = (await discord_channel.submit_job()).model_copy(update={"id": item.job_id, "batch": ref})
    assert await SqlBatchJobStore(database).add_job(job, ref, None)
    image = make_png() if outcome == make_generated() else None
    consumer = make_consumer(
        discord_channel.client,
        outcome_stream,
        catalogue,
        store=SqlJobStore(database, catalogue=catalogue),
        image_store=SqlImageStore(database),
    )
    shown = await discord_channel.list_messages()

    for _ in range(2):  # read again after a crash before the acknowledgement
        outcome_stream.finish_job(job, outcome, image)
        assert await deliver_outcome(consumer, outcome_stream, job) is None

    assert await discord_channel.list_messages() == shown
    assert [row["image"] for row in read_rows(url, batch_results)] == ([image] if image else [])
    assert read_rows(url, undelivered_images) == []
    assert [row["state"] for row in read_rows(url, jobs)] == ["delivered"]
    status = outcome_stream.statuses[job.id]
    assert await consumer.find_outcome_message(replace(status, state_since=0)) is None
    await database.close()
