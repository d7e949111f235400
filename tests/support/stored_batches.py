"""Batches in the database of a running stack, stored as `/batch` does, and what became of them."""

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from itertools import cycle
from typing import Any, TypeVar

from bot.domain.batches import Batch, BatchItem, BatchPlace, BatchState
from bot.domain.budgets import Spender
from bot.storage.batches import SqlBatchStore
from demo.http_client import request_json
from demo.stack import Stack
from shared.catalogue import load_catalogue
from shared.job import Requester, make_item_id, make_retry_id
from shared.prompts import TextPrompt
from shared.request.model import Request
from tests.support.batches import make_batch
from tests.support.database import use_database
from tests.support.images import make_png
from tests.support.records import query_records

T = TypeVar("T")

_SPENT = """
    SELECT sum(spent) FROM ledger_entries WHERE job_id IN (SELECT id FROM jobs WHERE job_json LIKE ?)
"""


class StoredBatches:
    """Starts batches of Ada's, and reads their rows. The bot of the stack has started once."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.state: dict[str, Any] = request_json("GET", f"{stack.discord_url}/control/state")
        self._count = 0

    def start(self, count: int, prompt: str = "a castle", *, pictures: Sequence[bytes] = ()) -> str:
        """Start a batch of items, which start from these pictures by turns, or all from one; return its id."""
        self._count += 1
        batch_id = make_retry_id(time.time(), self._count)
        self.run(lambda store: self._start(store, batch_id, count, prompt, pictures or [make_png()]))
        return batch_id

    def run(self, action: Callable[[SqlBatchStore], Coroutine[Any, Any, T]]) -> T:
        """Run an action with a store of its own."""
        return use_database(self.stack, lambda database: action(SqlBatchStore(database, catalogue=load_catalogue())))

    def read_state(self, batch_id: str) -> BatchState:
        """Read the state of a batch."""
        return BatchState(query_records(self.stack, "SELECT state FROM batches WHERE id = ?", batch_id)[0][0])

    def count_states(self, batch_id: str) -> Counter[str]:
        """Count the items of a batch by state."""
        query = "SELECT state, count(*) FROM batch_items WHERE batch_id = ? GROUP BY state"
        return Counter(dict(query_records(self.stack, query, batch_id)))

    def list_results(self, batch_id: str) -> list[tuple[str, str]]:
        """List the jobs whose pictures are stored, and the hashes of these."""
        return query_records(self.stack, "SELECT job_id, sha256 FROM batch_results WHERE batch_id = ?", batch_id)

    def find_discrepancies(self, batch_id: str) -> list[str]:
        """Return one line for each thing that the ledger, the items and the pictures do not agree on."""
        ((reserved,),) = query_records(self.stack, "SELECT sum(reserved) FROM ledger_entries")
        ((costs,),) = query_records(self.stack, "SELECT sum(cost) FROM batch_items WHERE batch_id = ?", batch_id)
        ((spent,),) = query_records(self.stack, _SPENT, f'%"batch_id":"{batch_id}"%')
        lines = [] if not reserved else [f"{reserved} are reserved, though nothing is open"]
        lines += [] if costs == spent else [f"the items cost {costs}, the ledger says {spent}"]
        made = "SELECT job_id FROM batch_items WHERE batch_id = ? AND state = 'generated'"
        expected = sorted(job_id for (job_id,) in query_records(self.stack, made, batch_id))
        stored = sorted(job_id for job_id, _ in self.list_results(batch_id))
        return lines + ([] if expected == stored else [f"{expected} were made, {stored} are stored"])

    async def _start(
        self, store: SqlBatchStore, batch_id: str, count: int, prompt: str, pictures: Sequence[bytes]
    ) -> None:
        model = load_catalogue().default_model.key
        hashes = [hashlib.sha256(picture).hexdigest() for picture in pictures]
        items = [
            BatchItem(
                number,
                number,
                f"castle-{number}",
                Request(model=model, text_prompts=(TextPrompt(text=f"{prompt} {number}"),), has_picture=True),
                sha256,
                make_item_id(batch_id, number),
            )
            for number, sha256 in zip(range(1, count + 1), cycle(hashes), strict=False)
        ]
        assert await store.add_draft(self._build_batch(batch_id), items)
        for picture, sha256 in zip(pictures, hashes, strict=True):
            await store.add_image(batch_id, sha256, "castle.png", picture)
        await store.start(batch_id)

    def _build_batch(self, batch_id: str) -> Batch:
        guild_id, channel_id = int(self.state["guilds"][0]["id"]), int(self.stack.channel_id)
        user_id = int(self.stack.environment["EXTRAS_ALLOWED_USERS"])
        return make_batch(
            batch_id,
            requester=Requester(id=user_id, name="Ada"),
            spender=Spender(user_id, guild_id, channel_id),
            place=BatchPlace(guild_id, channel_id),
            created_at=time.time(),
        )
