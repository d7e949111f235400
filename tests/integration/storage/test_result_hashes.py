"""Hashes of posted files: stored with the outcome, found while the result exists, gone with it."""

import hashlib

from bot.domain.messages import MessageRef
from bot.domain.provenance import FileKind, PostedFile
from bot.storage.job_history import SqlJobHistory
from bot.storage.jobs import SqlJobStore
from bot.storage.result_hashes import SqlResultHashStore
from bot.storage.session import Database
from bot.storage.tables import result_hashes
from shared.outcome import Credentials
from tests.support.builders import GENERATED, make_finished_status, make_job, read_rows

PICTURE, COPY = b"a picture", b"a smaller one"


def compute_hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


async def deliver(job_store: SqlJobStore, number: int, credentials: Credentials | None = None) -> str:
    job = make_job(number)
    outcome = GENERATED.model_copy(update={"sha256": compute_hash(PICTURE), "credentials": credentials})
    await job_store.add_jobs([job], None)
    for _ in range(2):  # an outcome may be read twice
        await job_store.mark_delivered(make_finished_status(job, outcome), MessageRef(2, number))
    return job.id


async def test_the_newest_result_with_these_bytes_is_found_until_it_is_deleted(
    database: Database, job_store: SqlJobStore, database_url: str
) -> None:
    store, history = SqlResultHashStore(database), SqlJobHistory(database)
    first = await deliver(job_store, 1, Credentials.MODEL)
    second = await deliver(job_store, 2)
    await store.save_copy(second, COPY, FileKind.SMALLER)
    await store.save_copy(second, COPY, FileKind.SMALLER)
    await store.save_copy("unknown", COPY, FileKind.PREVIEW)

    assert await store.find_file(compute_hash(PICTURE)) == PostedFile(second, FileKind.RESULT)
    assert await store.find_file(compute_hash(COPY)) == PostedFile(second, FileKind.SMALLER)
    assert await store.find_file(compute_hash(b"another")) is None

    await history.mark_result_deleted(second)
    await store.save_copy(second, COPY, FileKind.PREVIEW)  # by a delivery that was slower

    assert await store.find_file(compute_hash(PICTURE)) == PostedFile(first, FileKind.RESULT, Credentials.MODEL)
    assert await store.find_file(compute_hash(COPY)) is None
    assert [row["job_id"] for row in read_rows(database_url, result_hashes)] == [first]


async def test_an_outcome_of_an_earlier_release_has_no_hash(
    database: Database, job_store: SqlJobStore, database_url: str
) -> None:
    await job_store.add_jobs([make_job(1)], None)
    await job_store.mark_delivered(make_finished_status(make_job(1)), MessageRef(2, 1))

    assert read_rows(database_url, result_hashes) == []
    await SqlResultHashStore(database).save_copy(make_job(1).id, COPY, FileKind.PREVIEW)
    assert not await SqlResultHashStore(database).has_result_hash(make_job(1).id)
    assert await SqlResultHashStore(database).has_result_hash(await deliver(job_store, 2))
