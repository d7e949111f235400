"""The lineage of jobs, on SQLite, and on PostgreSQL where a server is installed."""

from bot.domain.messages import MessageRef
from bot.features.lineage.store import SqlLineageStore
from bot.storage.jobs import SqlJobStore
from bot.storage.session import Database
from tests.support.builders import make_finished_status, make_job


async def add_job(job_store: SqlJobStore, number: int, parent_id: str | None = None) -> str:
    job = make_job(number).model_copy(update={"parent_id": parent_id})
    await job_store.add_jobs([job], None)
    await job_store.mark_delivered(make_finished_status(job), MessageRef(7, number))
    return job.id


async def test_a_lineage_is_found_from_each_of_its_jobs_and_keeps_the_ancestors_when_limited(
    database: Database, job_store: SqlJobStore
) -> None:
    first = await add_job(job_store, 1)
    second = await add_job(job_store, 2, first)
    third = await add_job(job_store, 3, second)
    sibling = await add_job(job_store, 4, first)
    await add_job(job_store, 5)

    lineages = SqlLineageStore(database)
    found = [[record.job.id for record in await lineages.load_lineage(job_id, 10)] for job_id in (first, third)]
    limited = [record.job.id for record in await lineages.load_lineage(third, 3)]

    assert found == [[first, second, third, sibling]] * 2
    assert limited == [first, second, third]
    assert await lineages.load_lineage("17", 10) == []


async def test_a_parent_that_is_not_recorded_does_not_prevent_recording_a_job(job_store: SqlJobStore) -> None:
    orphan = make_job(2).model_copy(update={"parent_id": "17"})

    assert await job_store.add_jobs([orphan], None)
