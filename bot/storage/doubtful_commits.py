"""Transactions whose connection broke: the database may have committed them without saying so."""

import logging

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from bot.storage.session import DATABASE_ERRORS, Database
from bot.storage.tables import jobs

log = logging.getLogger(__name__)


async def was_committed(database: Database, error: BaseException, job_id: str) -> bool:
    """Tell whether a transaction that records a job is known to be committed although it ended with this error.

    False if the database does not answer.
    """
    if not (isinstance(error, DBAPIError) and error.connection_invalidated):
        return False
    statement = select(jobs.c.id).where(jobs.c.id == job_id)
    try:
        found = await database.run_transaction(lambda connection: connection.execute(statement).one_or_none())
    except DATABASE_ERRORS:
        return False
    if found is not None:
        log.warning("job %s: recorded, though the connection broke before the database said so", job_id)
    return found is not None
