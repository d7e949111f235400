"""The comparison with Discord after a restore, with a Discord that has the outcomes of some jobs."""

from collections.abc import Mapping
from types import MappingProxyType

from bot.domain.messages import MessageRef
from bot.domain.status import JobStatus
from bot.queue.epoch import RedisQueueEpoch
from bot.queue.job_queue import RedisJobQueue
from bot.recovery.restored_jobs import RestoredJobs
from bot.storage.backup_log import SqlBackupLog
from bot.storage.jobs import SqlJobStore
from bot.storage.session import Database
from shared.catalogue import Catalogue


def make_restored_jobs(
    database: Database,
    epoch: RedisQueueEpoch,
    queue: RedisJobQueue,
    catalogue: Catalogue,
    answered: Mapping[str, MessageRef] = MappingProxyType({}),
    failing_ids: set[str] | None = None,
) -> RestoredJobs:
    """Build the comparison. `answered` are the messages by the ids of the jobs whose outcomes they show.

    The first search for each of `failing_ids` fails, and takes it out.
    """

    async def find_outcome_message(status: JobStatus) -> MessageRef | None:
        if failing_ids and status.job.id in failing_ids:
            failing_ids.remove(status.job.id)
            raise ConnectionError
        return answered.get(status.job.id)

    return RestoredJobs(
        SqlBackupLog(database), epoch, queue, SqlJobStore(database, catalogue=catalogue), find_outcome_message
    )
