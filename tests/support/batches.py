"""Batches and items to test with."""

import hashlib
import random
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.batches.jobs import build_item_job
from bot.domain.batches import Batch, BatchItem, BatchPlace, BatchState, Brief, ItemState
from bot.domain.budgets import Spender
from shared.job import Job, Requester, make_item_id
from tests.support.builders import ADA_ID, NOON, make_job_by
from tests.support.database import execute_sql
from tests.support.images import make_png

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


def set_item_states(url: str, states: Mapping[int, ItemState], batch_id: str = BATCH_ID) -> None:
    """Let items of a batch in a database be in these states, without their jobs."""
    statement = "UPDATE batch_items SET state = :state WHERE batch_id = :batch AND number = :number"
    for number, state in states.items():
        execute_sql(url, statement, state=state, batch=batch_id, number=number)


def end_item(url: str, batch_id: str, item: BatchItem, now: float, state: ItemState = ItemState.GENERATED) -> None:
    """Let an item end without a worker, with a picture if it is generated; its sheet and its board are to be drawn."""
    if state is ItemState.GENERATED:
        picture = make_png()
        execute_sql(
            url,
            "INSERT INTO batch_results VALUES (:job, :batch, :image, :sha256, :now)",
            job=item.job_id,
            batch=batch_id,
            image=picture,
            sha256=hashlib.sha256(picture).hexdigest(),
            now=now,
        )
    set_item_states(url, {item.number: state}, batch_id)
    execute_sql(
        url,
        "UPDATE batch_sheets SET version = version + 1 WHERE batch_id = :batch AND number = :number",
        batch=batch_id,
        number=(item.number + 8) // 9,
    )
    execute_sql(url, "UPDATE batches SET version = version + 1 WHERE id = :batch", batch=batch_id)
