"""Starts the items of batches, a few at a time, so that neither the bot nor Redis holds many of their pictures.

A batch that is due is found by its row, whichever bot leads. An item is recorded as queued, with the record of its job,
in one transaction before the queue has the job: if the bot dies in between, `bot.recovery.reconciler` queues it.
"""

import logging
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from bot.batches.jobs import build_item_job
from bot.change_signal import ChangeSignal
from bot.domain.batches import Batch, BatchItem, BatchState, ItemState
from bot.domain.errors import QueueResultUnknownError
from bot.domain.guild_settings import GuildQueueState
from bot.domain.images import StoredImage
from bot.periodic import run_on_changes
from bot.queue.job_queue import RedisJobQueue
from bot.storage.batch_jobs import SqlBatchJobStore
from bot.storage.batches import SqlBatchStore
from bot.storage.blocks import SqlBlockStore
from bot.storage.guild_settings import SqlGuildSettingsStore
from bot.storage.jobs import SqlJobStore
from shared.catalogue import Catalogue, make_unknown_model_problem
from shared.job import BatchRef
from shared.outcome import CANCELLED
from shared.problems import Problem, RejectedError, make_problem

log = logging.getLogger(__name__)

INTERVAL_SECONDS: Final = 0.5
MAX_DUE: Final = 50
MAX_OPEN_ITEMS: Final = 16
"""How many jobs of a batch are open at most, of which the workers run a part."""

RETRY_SECONDS: Final = 5.0
"""When to look again at a batch for which the queue has no room, or that is about to end."""

RECHECK_SECONDS: Final = 30.0
"""When to look again at a batch all of whose places are taken, or whose server's queue is closed.

The end of a job makes its batch due at once.
"""

PLACE_SECONDS: Final = 10.0
"""How long a batch that has started waits for its thread, so that its jobs know it."""

_WAITING_PREFIXES: Final = ("too_many_waiting", "too_often_")
_WAITING_CODES: Final = frozenset(
    {
        "queue_full",
        "queue_not_writable",
        "queue_unavailable",
        "database_unavailable",
        "model_gone_for_now",
        "model_withdrawn_for_now",
    }
)


@dataclass
class _Turn:
    """The items that a batch may start now, in their order."""

    batch: Batch
    items: list[BatchItem]


@dataclass(frozen=True)
class BatchRunner:
    """Starts items, cancels those of batches that are cancelled, and ends waits. `clock` gives Unix seconds.

    `rng` draws seeds.
    """

    batches: SqlBatchStore
    batch_jobs: SqlBatchJobStore
    job_store: SqlJobStore
    queue: RedisJobQueue
    guild_settings: SqlGuildSettingsStore
    blocks: SqlBlockStore
    catalogue: Catalogue
    rng: random.Random = field(default_factory=random.SystemRandom)
    clock: Callable[[], float] = time.time

    async def run(self, changes: ChangeSignal) -> None:
        """Do what is due until cancelled."""
        await run_on_changes(INTERVAL_SECONDS, self.advance_due_batches, changes, "running batches")

    async def advance_due_batches(self) -> float:
        """Do everything that is due now; return for how many seconds nothing more is.

        Raises `RejectedError`; one batch that fails does not hold up the others.
        """
        failures: list[RejectedError] = []
        turns: list[_Turn] = []
        due = await self.batches.list_due_batches(MAX_DUE)
        for batch in due:
            try:
                match batch.state:
                    case BatchState.RUNNING:
                        if items := await self._list_startable_items(batch):
                            turns.append(_Turn(batch, list(items)))
                    case BatchState.CANCELLING:
                        await self._cancel_open_jobs(batch)
                    case _:
                        await self.batches.end_waiting(batch.id)
            except RejectedError as error:
                failures.append(error)
        failures += await self._take_turns(turns)
        if failures:
            raise failures[0]
        return 0.0 if due else await self.batches.compute_rest()

    async def _take_turns(self, turns: Sequence[_Turn]) -> list[RejectedError]:
        """Start one item of each batch after the other; return the errors of those that could not go on."""
        failures: list[RejectedError] = []
        waiting = list(turns)
        while waiting:
            for turn in list(waiting):
                try:
                    can_go_on = await self._start_item(turn.batch, turn.items.pop(0))
                except RejectedError as error:
                    failures.append(error)
                    can_go_on = False
                if not can_go_on or not turn.items:
                    waiting.remove(turn)
        return failures

    async def _list_startable_items(self, batch: Batch) -> Sequence[BatchItem]:
        """List the items that may be started now; if there are none, the batch is looked at later."""
        guild_id = batch.place.guild_id
        if await self.blocks.find_block(guild_id, batch.requester.id) is not None:
            log.warning("batch %s: paused, as its requester is blocked", batch.id)
            await self.batches.pause(batch.id)
            return ()
        if batch.place.thread_id is None and self.clock() < (batch.started_at or 0) + PLACE_SECONDS:
            return ()
        settings = await self.guild_settings.load_settings(guild_id)
        is_closed = settings.queue_state is not GuildQueueState.OPEN
        items = () if is_closed else await self.batches.take_pending_items(batch.id, MAX_OPEN_ITEMS)
        if not items:
            await self.batches.end_lost_items(batch.id)
            await self.batches.postpone(batch, self.clock() + RECHECK_SECONDS)
        return items

    async def _start_item(self, batch: Batch, item: BatchItem) -> bool:
        """Record the job of an item and queue it; False if the batch is to wait. Raises `RejectedError`."""
        ref = BatchRef(batch_id=batch.id, item_number=item.number)
        job = build_item_job(batch, item, self.catalogue.models.get(item.request.model), self.rng, self.clock())
        image = await self._load_image(batch, item)
        if not await self.batch_jobs.add_job(job, ref, image):
            return False
        problem = self._find_problem(item, image)
        try:
            if problem is None:
                await self.queue.enqueue_job(job, image.data if image else None)
        except QueueResultUnknownError:
            await self._wait(batch)
            return False
        except RejectedError as error:
            problem = error.problems[0]
            if is_waiting_problem(problem):
                await self.batch_jobs.withdraw_job(job, ref)
                await self._wait(batch)
                return False
        if problem is not None:
            log.warning("batch %s: item %d cannot be made (%s)", batch.id, item.number, problem.code)
            await self.job_store.mark_rejected(job.id, problem)
        else:
            await self.job_store.mark_queued(job.id, image.sha256 if image else None)
        return True

    async def _load_image(self, batch: Batch, item: BatchItem) -> StoredImage | None:
        if item.image_sha256 is None:
            return None
        data = await self.batches.load_image(batch.id, item.image_sha256)
        return None if data is None else StoredImage(item.image_sha256, data)

    def _find_problem(self, item: BatchItem, image: StoredImage | None) -> Problem | None:
        """Find why an item can never be made."""
        if item.request.model not in self.catalogue.models:
            return make_unknown_model_problem(item.request.model, self.catalogue.models.values())
        return make_problem("source_expired") if item.request.has_picture and image is None else None

    async def _wait(self, batch: Batch) -> None:
        changed = await self.batches.find_batch(batch.id)
        if changed is not None:
            await self.batches.postpone(changed, self.clock() + RETRY_SECONDS)

    async def _cancel_open_jobs(self, batch: Batch) -> None:
        """Cancel the jobs that have not started; those that run already end with a picture."""
        await self.batches.end_lost_items(batch.id)
        problem = make_problem(CANCELLED, name=batch.brief.title)
        for item in await self.batches.list_items(batch.id, states={ItemState.QUEUED}):
            result = await self.queue.cancel_job(item.job_id, problem)
            log.info("job %s: cancelled with its batch: %s", item.job_id, result)
        await self.batches.postpone(batch, self.clock() + RETRY_SECONDS)


def is_waiting_problem(problem: Problem) -> bool:
    """Tell whether the same job can be queued later."""
    return problem.code in _WAITING_CODES or problem.code.startswith(_WAITING_PREFIXES)
