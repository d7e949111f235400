"""What moderators do to single results and requests, each with its line in the audit log in one transaction."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, select

from bot.domain.audit import AuditAction
from bot.domain.moderation import ModeratedJob
from bot.domain.notices import DIRECT_MESSAGE, NoticeKind
from bot.storage.audit_log import add_audit_entry
from bot.storage.job_history import mark_result_deleted
from bot.storage.notices import add_notice
from bot.storage.session import Database, translate_database_errors
from bot.storage.tables import jobs


@dataclass(frozen=True)
class SqlModerationStore:
    """Records moderation. Every method raises `RejectedError` (database_unavailable). `clock` gives Unix seconds."""

    database: Database
    clock: Callable[[], float] = time.time

    async def delete_result(self, job: ModeratedJob, actor_id: int, reason: str) -> bool:
        """Mark a result as deleted, log it, and tell its author; False if it was deleted before."""

        def delete(connection: Connection) -> bool:
            at = self.clock()
            if not mark_result_deleted(connection, job.id, at) and _is_recorded(connection, job.id):
                return False
            action = AuditAction.DELETE_RESULT
            add_audit_entry(connection, job.guild_id, actor_id, action, job.author_id, reason, at, job_id=job.id)
            if job.author_id not in {None, actor_id}:
                facts = {"user_id": job.author_id, "locale": job.locale, "job_id": job.id, "reason": reason}
                key = f"deletion:{job.id}"
                add_notice(connection, key, job.guild_id, DIRECT_MESSAGE, NoticeKind.DELETION, facts, at)
            return True

        with translate_database_errors():
            return await self.database.run_transaction(delete)

    async def log_cancellation(self, job: ModeratedJob, actor_id: int) -> None:
        """Log that a moderator cancelled somebody's request."""

        def log(connection: Connection) -> None:
            action = AuditAction.CANCEL_REQUEST
            add_audit_entry(connection, job.guild_id, actor_id, action, job.author_id, "", self.clock(), job_id=job.id)

        with translate_database_errors():
            await self.database.run_transaction(log)


def _is_recorded(connection: Connection, job_id: str) -> bool:
    return connection.execute(select(jobs.c.id).where(jobs.c.id == job_id)).one_or_none() is not None
