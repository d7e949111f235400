"""After a restore the queue is compared with Discord: what was answered since is neither called nor posted again."""

from collections.abc import AsyncIterator
from types import SimpleNamespace

import pytest
import redis

from bot.domain.backups import LastBackup
from bot.domain.images import RemoteImage
from bot.domain.messages import MessageRef
from bot.domain.status import JobStatus, QueueState
from bot.queue.connection import QueueRedis
from bot.queue.connection import connect_to_redis as connect_bot
from bot.queue.epoch import RedisQueueEpoch
from bot.queue.job_queue import RedisJobQueue as BotJobQueue
from bot.recovery.epoch import EpochKeeper
from bot.recovery.reconciler import Reconciler
from bot.storage.backup_log import SqlBackupLog, save_restoration
from bot.storage.jobs import SqlJobStore
from bot.storage.queue_epoch import SqlEpochStore
from bot.storage.session import Database
from bot.storage.tables import jobs, ledger_entries, outcomes
from shared.catalogue import Catalogue
from shared.outcome import Failed
from shared.queue.keys import DEFAULT_KEYS
from tests.support.builders import NOON, read_rows
from tests.support.redis_queue import make_job, send_no_ticket
from tests.support.restored_jobs import make_restored_jobs

ANSWERED, WAITING, CALLED_BEFORE, UNRECORDED = range(1, 5)


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[QueueRedis]:
    opened = connect_bot(redis_url)
    yield opened
    await opened.aclose()


async def do_nothing() -> None: ...


async def refuse_delivery(status: JobStatus) -> None:
    raise AssertionError(f"nothing is to be posted: {status}")


async def find_no_message(status: JobStatus) -> None:
    del status


async def refuse_download(image: RemoteImage) -> bytes:
    raise AssertionError(f"nothing is to be downloaded: {image}")


async def test_jobs_are_ended_that_were_answered_since_and_the_others_may_be_called_once(
    client: QueueRedis,
    redis_url: str,
    database: Database,
    job_store: SqlJobStore,
    migrated_database_url: str,
    catalogue: Catalogue,
) -> None:
    queue = BotJobQueue(client, catalogue=catalogue, build_ticket=send_no_ticket)
    for number in (ANSWERED, WAITING, CALLED_BEFORE, UNRECORDED):
        job = make_job(number)
        if number != UNRECORDED:
            await job_store.add_jobs([job], None)
        await queue.enqueue_job(job, None, unknown_calls=int(number == CALLED_BEFORE))
    epoch = RedisQueueEpoch(client)
    answered = {str(number): MessageRef(2, 100 + number) for number in (ANSWERED, UNRECORDED)}
    failing_ids = {str(UNRECORDED)}

    def build_keeper() -> EpochKeeper:
        restored_jobs = make_restored_jobs(database, epoch, queue, catalogue, answered, failing_ids)
        return EpochKeeper(epoch, queue, SqlEpochStore(database), do_nothing, do_nothing, restored_jobs)

    keeper = build_keeper()
    await keeper.run_once()  # the epoch holds, and a backup is restored beside it
    await database.run_transaction(
        lambda connection: save_restoration(connection, LastBackup(NOON, 1), restored_at=NOON)
    )
    keeper = build_keeper()
    with pytest.raises(ConnectionError):
        await keeper.run_once()
    assert await SqlBackupLog(database).is_restored()
    await keeper.run_once()
    await keeper.run_once()

    statuses = {int(status.job.id): status for status in await queue.load_statuses(["1", "2", "3", "4"])}
    states = {number: (status.state, status.unknown_calls) for number, status in statuses.items()}
    assert states[ANSWERED][0] is states[UNRECORDED][0] is QueueState.DELIVERED
    assert states[WAITING] == (QueueState.QUEUED, 1)
    interrupted = statuses[CALLED_BEFORE].outcome
    assert isinstance(interrupted, Failed)
    assert interrupted.problem.code == "interrupted"
    closed = {row["id"]: row["outcome_message_id"] for row in read_rows(migrated_database_url, jobs)}
    assert (closed["1"], closed["4"]) == (101, 104)
    assert {row["kind"] for row in read_rows(migrated_database_url, outcomes)} == {"unknown"}
    spent = [row["job_id"] for row in read_rows(migrated_database_url, ledger_entries) if row["spent"]]
    assert sorted(spent) == ["1", "4"]  # an answer whose price nobody knows any more counts as billed
    assert not await SqlBackupLog(database).is_restored()
    with redis.Redis.from_url(redis_url) as server:
        assert server.zcard(DEFAULT_KEYS.open_jobs) == 2


async def test_a_job_that_an_empty_redis_does_not_know_is_queued_after_the_comparison_and_may_be_called_once(
    client: QueueRedis, database: Database, job_store: SqlJobStore, catalogue: Catalogue
) -> None:
    job = make_job(1)
    await job_store.add_jobs([job], None)
    await job_store.mark_queued(job.id, None)
    await database.run_transaction(
        lambda connection: save_restoration(connection, LastBackup(NOON, 1), restored_at=NOON)
    )
    queue, epoch = BotJobQueue(client, catalogue=catalogue, build_ticket=send_no_ticket), RedisQueueEpoch(client)
    delivery = SimpleNamespace(deliver_outcome=refuse_delivery, find_outcome_message=find_no_message)
    reconciler = Reconciler(
        job_store,
        queue,
        delivery,
        refuse_download,
        epoch.has_kept_jobs_since,
        is_restored=SqlBackupLog(database).is_restored,
    )
    restored_jobs = make_restored_jobs(database, epoch, queue, catalogue)
    keeper = EpochKeeper(epoch, queue, SqlEpochStore(database), do_nothing, do_nothing, restored_jobs)

    await reconciler.run_once()  # both begin as soon as a bot leads
    await keeper.run_once()
    await reconciler.run_once()

    [status] = await queue.load_statuses([job.id])
    assert (status.state, status.unknown_calls, status.outcome) == (QueueState.QUEUED, 1, None)
