"""Deletes images, notices and counters that are no longer needed, and settles what another release closed."""

import asyncio
import logging
import time
from typing import Final

from bot.storage.batches import SqlBatchStore
from bot.storage.budgets import SqlBudgetStore
from bot.storage.images import SqlImageStore
from bot.storage.jobs import SqlJobStore
from bot.storage.notices import SqlNoticeStore
from bot.storage.retention import SqlRetention
from bot.storage.session import DATABASE_ERRORS

log = logging.getLogger(__name__)

HOUSEKEEPING_INTERVAL_SECONDS: Final = 3600.0
NOTICE_RETENTION_DAYS: Final = 62
"""Longer than the longest period of a budget, in which the same notice is not to come again."""


async def delete_expired_images(image_store: SqlImageStore, days: float) -> None:
    """Delete, once an hour, the images that were not used for so many days, or for as many as their guild keeps them.

    Runs until cancelled.
    """
    while True:
        await asyncio.sleep(HOUSEKEEPING_INTERVAL_SECONDS)
        count = await image_store.delete_expired_images(days)
        if count:
            log.info("deleted %d images that were not used for %g days, or fewer by their server's wish", count, days)


async def delete_expired_batch_pictures(batches: SqlBatchStore, days: float) -> None:
    """Delete, once an hour, the pictures of batches that ended so many days ago. Runs until cancelled."""
    while True:
        await asyncio.sleep(HOUSEKEEPING_INTERVAL_SECONDS)
        count = await batches.delete_expired_pictures(days)
        if count:
            log.info(
                "deleted %d pictures of batches that ended %g days ago, or fewer by their server's wish", count, days
            )


async def delete_old_records(retention: SqlRetention, record_days: int | None, prompt_days: int | None) -> None:
    """Delete records, and the words in them, that are older than so many days: at once, and then once an hour.

    None keeps them. Runs until cancelled.
    """
    while True:
        try:
            if record_days is not None and (count := await retention.delete_old_records(record_days)):
                log.info("deleted %d records of what ended more than %d days ago", count, record_days)
            if prompt_days is not None and (count := await retention.blank_old_prompts(prompt_days)):
                log.info("deleted the words of %d requests of more than %d days ago", count, prompt_days)
        except DATABASE_ERRORS:
            log.warning("old records could not be deleted; the next hour tries again", exc_info=True)
        await asyncio.sleep(HOUSEKEEPING_INTERVAL_SECONDS)


async def maintain_ledger(job_store: SqlJobStore, budget_store: SqlBudgetStore) -> None:
    """Settle jobs that a release without a ledger closed, and delete the counters of past periods.

    It does so at once and then once an hour, until it is cancelled.
    """
    while True:
        try:
            count = await job_store.settle_closed_jobs()
            await budget_store.delete_old_counters()
        except DATABASE_ERRORS:
            log.warning("the ledger could not be maintained; the next hour tries again", exc_info=True)
        else:
            if count:
                log.info("settled %d jobs that another release had closed", count)
        await asyncio.sleep(HOUSEKEEPING_INTERVAL_SECONDS)


async def delete_closed_notices(notices: SqlNoticeStore) -> None:
    """Delete, once an hour, the notices closed more than `NOTICE_RETENTION_DAYS` ago. Runs until cancelled."""
    while True:
        await asyncio.sleep(HOUSEKEEPING_INTERVAL_SECONDS)
        try:
            await notices.delete_closed(before=time.time() - NOTICE_RETENTION_DAYS * 86400)
        except DATABASE_ERRORS:
            log.warning("old notices could not be deleted; the next hour tries again", exc_info=True)
