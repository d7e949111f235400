"""Batches and items to test with."""

import hashlib
import random
from dataclasses import replace
from typing import Any

from bot.batches.jobs import build_item_job
from bot.domain.batches import Batch, BatchItem, BatchPlace, BatchState, Brief, ItemState
from bot.domain.budgets import Spender
from shared.job import Job, Requester, make_item_id
from tests.support.builders import ADA_ID, NOON, make_job_by

BATCH_ID = "1300000000000000777"
IMAGE = b"a picture that items start from"
IMAGE_SHA256 = hashlib.sha256(IMAGE).hexdigest()


def make_batch(batch_id: str = BATCH_ID, **changes: Any) -> Batch:
    """Make a draft of Ada's, sent in at noon."""
    fields: dict[str, Any] = {
        "requester": Requester(id=ADA_ID, name="Ada"),
        "spender": Spender(ADA_ID, 1, 2, frozenset({3})),
        "place": BatchPlace(1, 2),
        "brief": Brief("spring catalogue"),
        "state": BatchState.DRAFT,
        "created_at": NOON,
    }
    return Batch(id=batch_id, **fields | changes)


def make_items(count: int, batch_id: str = BATCH_ID, *, image_sha256: str | None = None) -> list[BatchItem]:
    """Make the items of a draft, from words alone or from one picture."""
    request = make_job_by(0).request.model_copy(update={"has_picture": image_sha256 is not None})
    return [
        BatchItem(number, number + 1, f"castle-{number}", request, image_sha256, make_item_id(batch_id, number))
        for number in range(1, count + 1)
    ]


def make_item_job(item: BatchItem, batch: Batch) -> Job:
    """Make the job of an item as the runner does."""
    return build_item_job(batch, item, None, random.Random(1), NOON)


def make_started_batch(state: BatchState = BatchState.RUNNING, **changes: Any) -> Batch:
    """Make a batch that started at noon, whose board and thread are open."""
    fields: dict[str, Any] = {"place": BatchPlace(1, 2, 3, 3), "started_at": NOON}
    return make_batch(state=state, **fields | changes)


def make_item(number: int, state: ItemState = ItemState.GENERATED, **changes: Any) -> BatchItem:
    """Make an item whose picture is made."""
    fields: dict[str, Any] = {"state": state, "name": f"lamp {number}", "price": 40_000} | changes
    return replace(make_items(number)[-1], **fields)
