"""Simulates a batch of 500 pictures beside 40 members with the real processes, and measures what the members notice.

    python -m tests.faults.batch_simulation --items 500 --members 40

The members ask for one picture after the other, first alone, then beside the batch, which ends without them. Their
pauses and waits are counted in results and calls of anybody, so that the figures do not depend on the other work of the
machine. It passes if they wait at most 1.1 times as long beside the batch, the memory of the bot stays flat while it
runs, each item is made once, and the ledger agrees with the bill. Exit code 0 if so, 1 after a list of discrepancies.
"""

# ruff: noqa: T201 - the answers of a command line

import argparse
import asyncio
import contextlib
import random
import statistics
import sys
import tempfile
import time
from bisect import bisect_left
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from bot.domain.batches import BatchState
from demo.first_picture import wait_until_ready
from demo.processes import Process
from demo.stack import Stack
from tests.support.images import encode_image, make_noise_image
from tests.support.ledger import find_ledger_discrepancies
from tests.support.load_stack import open_load_stack
from tests.support.records import query_records
from tests.support.stored_batches import StoredBatches
from tests.support.user import DiscordUser, wait_until

WAIT_GOAL = 1.1
MEMORY_GOAL_MB = 32
"""How much more memory the bot may take in the second half of a batch than in the first tenth."""

LATENCY_SECONDS, SLOTS = 2.0, 4
PAUSE_RESULTS = (10, 30)
"""How many results are delivered to anybody while a member pauses."""
FIRST_REQUESTS_SECONDS = 20.0
POLL_SECONDS = 0.25
END_SECONDS = 1800.0
PICTURES, PICTURE_SIDE = 20, 768

_CALLS = """
    SELECT jobs.id, jobs.accepted_at, jobs.finished_at - outcomes.duration_seconds
    FROM jobs JOIN outcomes ON outcomes.job_id = jobs.id
    WHERE outcomes.kind = 'generated'
"""


@dataclass
class Crowd:
    """Members who ask for one picture after the other, with a pause in between."""

    stack: Stack
    names: Sequence[str]
    delivered: set[str] = field(default_factory=set)

    @contextlib.asynccontextmanager
    async def act(self) -> AsyncIterator[None]:
        """Let everybody act until the block ends, and wait for the pictures that are under way."""
        stopped = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            polling = tasks.create_task(self._poll())
            members = [tasks.create_task(self._ask_repeatedly(name, stopped)) for name in self.names]
            yield
            stopped.set()
            await asyncio.wait(members)
            polling.cancel()

    async def _ask_repeatedly(self, name: str, stopped: asyncio.Event) -> None:
        user = DiscordUser(self.stack, name)
        await asyncio.sleep(random.uniform(0, FIRST_REQUESTS_SECONDS))
        while not stopped.is_set():
            job = await asyncio.to_thread(user.submit_imagine, "a lighthouse", image=None)
            await self._wait_for(partial(self._is_delivered, job))
            end = len(self.delivered) + random.randint(*PAUSE_RESULTS)
            await self._wait_for(partial(self._has_paused, stopped, end))

    def _is_delivered(self, job: str) -> bool:
        return job in self.delivered

    def _has_paused(self, stopped: asyncio.Event, end: int) -> bool:
        return stopped.is_set() or len(self.delivered) >= end

    async def _wait_for(self, condition: Callable[[], bool]) -> None:
        while True:
            if condition():
                return
            await asyncio.sleep(POLL_SECONDS)

    async def _poll(self) -> None:
        while True:
            rows = await asyncio.to_thread(query_records, self.stack, "SELECT id FROM jobs WHERE state = 'delivered'")
            self.delivered = {job_id for (job_id,) in rows}
            await asyncio.sleep(POLL_SECONDS)


@dataclass
class Measurements:
    """Waits of the members alone and beside the batch, in calls, and memory of the bot by the items that were made."""

    waits_alone: list[int]
    waits_beside: list[int]
    memory: list[tuple[int, float]]
    batch_seconds: float

    @property
    def wait_ratio(self) -> float:
        """How much longer the members waited beside the batch, on average."""
        return statistics.fmean(self.waits_beside) / statistics.fmean(self.waits_alone)

    def get_memory_growth(self, items: int) -> float:
        """Return how many MB more the bot took in the second half of the batch than in its first tenth, at most."""
        early = [memory for made, memory in self.memory if made <= items // 10]
        late = [memory for made, memory in self.memory if made >= items // 2]
        return max(late) - max(early)


async def simulate(stack: Stack, bot: Process, names: Sequence[str], items: int, seconds: float) -> Measurements:
    """Let the members act without and with a batch, for so many seconds each, and wait until the batch has ended."""
    batches, memory, pictures = StoredBatches(stack), list[tuple[int, float]](), make_pictures()
    crowd = Crowd(stack, names)
    async with crowd.act():
        await asyncio.sleep(FIRST_REQUESTS_SECONDS)
        began = time.time()
        await asyncio.sleep(seconds)
        ended, started = time.time(), time.monotonic()
        batch_id = await asyncio.to_thread(batches.start, items, pictures=pictures)
        sampling = asyncio.create_task(sample_memory(bot, batches, batch_id, memory))
        beside = time.time()
        await asyncio.sleep(seconds)
        beside_ended = time.time()
    await asyncio.to_thread(wait_until, lambda: is_over(batches, batch_id), "the end of the batch", END_SECONDS)
    sampling.cancel()
    alone_waits, beside_waits = count_waits(stack, began, ended), count_waits(stack, beside, beside_ended)
    return Measurements(alone_waits, beside_waits, memory, time.monotonic() - started)


def count_waits(stack: Stack, began: float, ended: float) -> list[int]:
    """Count the calls that began while each request of a member waited, of those accepted in a period."""
    calls = query_records(stack, _CALLS)
    starts = sorted(start for _, _, start in calls)
    return [
        bisect_left(starts, start) - bisect_left(starts, accepted)
        for job_id, accepted, start in calls
        if "-" not in job_id and began <= accepted <= ended
    ]


def is_over(batches: StoredBatches, batch_id: str) -> bool:
    return batches.read_state(batch_id) is BatchState.REVIEW


def read_memory(process: Process) -> float:
    """Read how many MB of memory a process takes."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    resident = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(resident.split()[1]) / 1024


async def sample_memory(bot: Process, batches: StoredBatches, batch_id: str, samples: list[tuple[int, float]]) -> None:
    """Record every second how many items are made, and how many MB of memory the bot takes."""
    while True:
        made = await asyncio.to_thread(batches.count_states, batch_id)
        samples.append((made["generated"], read_memory(bot)))
        await asyncio.sleep(1)


def make_pictures() -> list[bytes]:
    """Make the pictures that items start from, of about 1.7 MB each."""
    return [encode_image(make_noise_image((PICTURE_SIDE, PICTURE_SIDE), seed), "PNG") for seed in range(PICTURES)]


def find_discrepancies(stack: Stack, measured: Measurements, items: int) -> list[str]:
    """Return one line for each goal that was missed."""
    batches = StoredBatches(stack)
    ((batch_id,),) = query_records(stack, "SELECT id FROM batches")
    lines = [*batches.find_discrepancies(batch_id), *find_ledger_discrepancies(stack)]
    if (states := batches.count_states(batch_id)) != {"generated": items}:
        lines.append(f"the items ended as {dict(states)}")
    if measured.wait_ratio > WAIT_GOAL:
        lines.append(f"members waited {measured.wait_ratio:.2f} times as long beside the batch")
    if (growth := measured.get_memory_growth(items)) > MEMORY_GOAL_MB:
        lines.append(f"the bot took {growth:.0f} MB more in the second half of the batch")
    return lines


def run_simulation(items: int, members: int, seconds: float, logs: Path) -> list[str]:
    """Run everything, print what was measured, and return one line for each goal that was missed."""
    names = [f"member{number}" for number in range(members)]
    with open_load_stack(
        logs, names, latency_seconds=LATENCY_SECONDS, WORKER_CONCURRENCY=str(SLOTS), MAX_RUNNING_PER_USER="2"
    ) as stack:
        processes = [Process(name, ("-m", name), logs, stack.environment) for name in ("worker", "bot")]
        stack.processes["bot"] = processes[1]
        try:
            wait_until_ready(stack)
            measured = asyncio.run(simulate(stack, processes[1], names, items, seconds))
            lines = find_discrepancies(stack, measured, items)
        finally:
            for process in processes:
                process.stop()
    alone, beside = (statistics.fmean(waits) for waits in (measured.waits_alone, measured.waits_beside))
    memory = [megabytes for _, megabytes in measured.memory]
    print(f"{alone:.1f} calls began while a member waited alone ({len(measured.waits_alone)} pictures)")
    print(f"{beside:.1f} calls began while one waited beside the batch ({len(measured.waits_beside)} pictures)")
    print(f"ratio {measured.wait_ratio:.3f} (at most {WAIT_GOAL})")
    print(f"the batch of {items} took {measured.batch_seconds:.0f} s")
    print(f"memory of the bot: {memory[0]:.0f} MB at the start of the batch, {max(memory):.0f} MB at most")
    print(f"{measured.get_memory_growth(items):.0f} MB more in the second half (at most {MEMORY_GOAL_MB})")
    return lines


def main() -> int:
    """Read the command line, run the simulation, and print the discrepancies."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.batch_simulation", description=__doc__)
    parser.add_argument("--items", type=int, default=500)
    parser.add_argument("--members", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=120, help="of each of the two periods that are compared")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pentimento-batch-") as folder:
        lines = run_simulation(options.items, options.members, options.seconds, Path(folder))
    print("\n".join(lines) or "everything agrees")
    return int(bool(lines))


if __name__ == "__main__":
    sys.exit(main())
