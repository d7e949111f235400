"""Deletes stored images that are no longer needed."""

import asyncio
import logging
import time
from typing import Final

from bot.storage.images import SqlImageStore

log = logging.getLogger(__name__)

HOUSEKEEPING_INTERVAL_SECONDS: Final = 3600.0


async def delete_expired_images(image_store: SqlImageStore, retention_days: float) -> None:
    """Delete, once an hour, the images that were last used more than `retention_days` ago. Runs until cancelled."""
    while True:
        await asyncio.sleep(HOUSEKEEPING_INTERVAL_SECONDS)
        count = await image_store.delete_expired_images(before=time.time() - retention_days * 86400)
        if count:
            log.info("deleted %d images that were not used for %g days", count, retention_days)
