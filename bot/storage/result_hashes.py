"""The hashes of the files that were posted as results, by which a picture is recognised."""

import hashlib
import logging
from typing import Any, Final

from sqlalchemy import BindParameter, Connection, String, bindparam, insert, select
from sqlalchemy.exc import IntegrityError

from bot.domain.provenance import FileKind, PostedFile
from bot.storage.session import DATABASE_ERRORS, Database, begin_transaction
from bot.storage.tables import jobs, outcomes, result_hashes
from shared.outcome import Credentials, Generated, Outcome

log = logging.getLogger(__name__)

_INSERT_OUTCOME: Final = insert(outcomes)
_INSERT_HASH: Final = insert(result_hashes)
_JOB_ID: Final[BindParameter[str]] = bindparam("target_job_id", type_=String)
_SHA256: Final[BindParameter[str]] = bindparam("copy_sha256", type_=String)
_KIND: Final[BindParameter[str]] = bindparam("copy_kind", type_=String)
_INSERT_COPY: Final = insert(result_hashes).from_select(
    ["job_id", "sha256", "kind"],
    select(jobs.c.id, _SHA256, _KIND).where(jobs.c.id == _JOB_ID, jobs.c.deleted_at.is_(None)),
)


class SqlResultHashStore:
    """Hashes of posted files."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find_file(self, sha256: str) -> PostedFile | None:
        """Find the newest file with this hash whose result was not deleted.

        Raises `RejectedError` (database_unavailable).
        """
        query = (
            select(result_hashes)
            .join(jobs, jobs.c.id == result_hashes.c.job_id)
            .where(result_hashes.c.sha256 == sha256, jobs.c.deleted_at.is_(None))
            .order_by(jobs.c.accepted_at.desc(), jobs.c.id.desc())
            .limit(1)
        )
        async with begin_transaction(self._database) as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            return None
        return PostedFile(
            row.job_id, FileKind(row.kind), None if row.credentials is None else Credentials(row.credentials)
        )

    async def has_result_hash(self, job_id: str) -> bool:
        """Tell whether the hash of a job's result is stored; an earlier release stored none.

        Raises `RejectedError` (database_unavailable).
        """
        is_result = (result_hashes.c.job_id == job_id) & (result_hashes.c.kind == FileKind.RESULT)
        async with begin_transaction(self._database) as connection:
            return (await connection.execute(select(result_hashes.c.job_id).where(is_result))).first() is not None

    async def save_copy(self, job_id: str, data: bytes, kind: FileKind) -> None:
        """Store the hash of a copy that was posted, unless its result was deleted. A failure is only logged."""
        facts = {_JOB_ID.key: job_id, _SHA256.key: hashlib.sha256(data).hexdigest(), _KIND.key: kind.value}
        try:
            await self._database.run_transaction(lambda connection: connection.execute(_INSERT_COPY, facts))
        except IntegrityError:
            log.debug("job %s: the hash of this copy is stored already", job_id)
        except DATABASE_ERRORS:
            log.warning("job %s: the hash of a copy could not be stored", job_id, exc_info=True)


def insert_outcome(connection: Connection, row: dict[str, Any], outcome: Outcome | None) -> None:
    """Store the row of an outcome, with the hash of its result; an earlier release of the worker tells none."""
    connection.execute(_INSERT_OUTCOME, row)
    if isinstance(outcome, Generated) and outcome.sha256 is not None:
        facts = {"sha256": outcome.sha256, "kind": FileKind.RESULT, "credentials": outcome.credentials}
        connection.execute(_INSERT_HASH, {"job_id": row["job_id"], **facts})
