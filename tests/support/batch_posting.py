"""A batch in a channel of its own, whose messages a running bot posts while a fault test plays."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.domain.batches import BatchPlace
from bot.storage.batches import SqlBatchStore
from demo.stack import Stack
from shared.catalogue import load_catalogue
from tests.support.batches import BATCH_ID, end_item, make_batch, make_items
from tests.support.database import use_database

WAITING_ID = "1300000000000000778"
UNRECORDED = """
SELECT id FROM batches WHERE board_message_id IS NULL AND started_at IS NOT NULL
UNION SELECT batch_id FROM batch_sheets WHERE version > drawn_version
UNION SELECT id FROM batches WHERE approval_is_drawn = false
"""


@dataclass(frozen=True)
class PostedBatch:
    """A batch that is paused, so that no job of it is queued."""

    stack: Stack
    guild_id: int
    channel_id: str

    def start(self) -> None:
        """Start it; its board is to be posted."""

        async def start(store: SqlBatchStore) -> None:
            place = BatchPlace(self.guild_id, int(self.channel_id))
            batch = make_batch(place=place, created_at=time.time())
            assert await store.add_draft(batch, make_items(2))
            await store.start(BATCH_ID)
            await store.pause(BATCH_ID)

        self._use_store(start)

    def ask_approval(self, channel_id: str) -> None:
        """Let another batch wait for an approval, for which a message is to be posted in a channel."""

        async def ask(store: SqlBatchStore) -> None:
            place = BatchPlace(self.guild_id, int(channel_id))
            batch = make_batch(WAITING_ID, place=place, created_at=time.time())
            assert await store.add_draft(batch, make_items(2, WAITING_ID))
            await store.request_approval(WAITING_ID)

        self._use_store(ask)

    def end_first_item(self) -> None:
        """Let the first item have a picture, without a worker; its sheet is to be posted."""
        end_item(self.stack.environment["DATABASE_URL"], BATCH_ID, make_items(1)[0], time.time())

    def _use_store(self, work: Callable[[SqlBatchStore], Awaitable[object]]) -> None:
        use_database(self.stack, lambda database: work(SqlBatchStore(database, catalogue=load_catalogue())))
