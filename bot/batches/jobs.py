"""Jobs of the items of batches."""

import random

from bot.domain.batches import Batch, BatchItem
from shared.catalogue import Model
from shared.job import BatchRef, Job, Origin
from shared.request.builder import pick_seed


def build_item_job(batch: Batch, item: BatchItem, model: Model | None, rng: random.Random, now: float) -> Job:
    """Build the job of the latest attempt of an item, whose outcome pings nobody.

    Its origin is the channel of the batch, and the thread that has its sheets.
    """
    place = batch.place
    return Job(
        id=item.job_id,
        request=item.request,
        seed=None if model is None else pick_seed(item.request, model, rng),
        requester=batch.requester.model_copy(update={"may_ping": False, "always_pings": False}),
        origin=Origin(
            guild_id=place.guild_id,
            channel_id=place.channel_id,
            message_id=place.thread_id or place.board_message_id or 0,
            is_in_thread=place.thread_id == place.channel_id,
        ),
        accepted_at=now,
        team=batch.team,
        batch=BatchRef(batch_id=batch.id, item_number=item.number),
        priority=batch.priority,
    )
