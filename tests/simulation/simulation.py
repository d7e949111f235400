"""The discrete-event simulation of some hours: people and teams ask, workers claim and call, results are delivered."""

import heapq
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

from bot.batches.runner import MAX_OPEN_ITEMS
from shared.catalogue import Catalogue
from shared.job import BatchRef, Job, Origin, Priority, Requester, TeamRef, make_item_id, make_variant_id
from shared.outcome import Failed, Generated
from shared.problems import RejectedError, make_problem
from shared.prompts import TextPrompt
from shared.request.model import Request
from tests.simulation.arrivals import YEAR_START, Ask, BatchAsk, Year
from tests.simulation.bedrock import Outage, SimulatedBedrock, SimulatedCall
from tests.simulation.capacity import Capacity
from tests.simulation.measurements import Fairness, Measurements, get_class
from tests.simulation.simulated_queue import PICTURE, SimulatedQueue
from worker.bedrock.error_policies import CODE_POLICIES
from worker.call_result import RetryPolicy
from worker.ports import Claim

SWEEP_SECONDS, IDLE_SWEEP_SECONDS = 1.0, 10.0
"""Workers sweep every second. Where a sweep would change nothing, as no call failed lately, most are left out here."""
THROTTLE_SECONDS, FAILURE_SECONDS = 60.0, 700.0
"""For how long a throttled or failed call may delay others, at most (release.lua, record_failed_call.lua)."""
MAX_WAIT_SECONDS: Final = 6 * 3600
_TIMED_OUT = make_problem("busy")
_FIRST_ID: Final = 1_400_000_000_000_000_000


@dataclass
class _OpenBatch:
    ask: BatchAsk
    batch_id: str
    next_item: int = 1
    ended: int = 0


@dataclass
class Simulation:
    """Runs hours of a year on a queue. `year` gives the arrivals, `capacity` the calls that may run."""

    queue: SimulatedQueue
    catalogue: Catalogue
    year: Year
    capacity: Capacity
    seed: int
    outage: Outage | None = None
    measured: Measurements = field(init=False)

    def __post_init__(self) -> None:
        rng = random.Random(f"calls {self.seed}")
        self._bedrock = SimulatedBedrock(self.year.assumptions, rng, self.capacity.quotas, self.outage)
        self.measured = Measurements(self.catalogue, Fairness(self.catalogue.default))
        self._events: list[tuple[float, int, Callable[[float], None]]] = []
        self._numbers, self._ids = count(), count(_FIRST_ID)
        self._free, self._waiting, self._has_sweep = self.capacity.slots, 0, False
        self._jobs: dict[str, tuple[Job, float, bool]] = {}
        self._batches: dict[str, _OpenBatch] = {}
        self._peak_memory, self._troubled_until = (0, 0, 0), 0.0

    def run(self, first_hour: int, hours: int) -> dict[str, Any]:
        """Simulate these hours, and go on until all is delivered. Return the report."""
        base = int(self.queue.read_info("memory")["used_memory"])
        usage, started = self._read_usage(), time.perf_counter()
        for batch in self.year.make_batches(first_hour, hours):
            self._schedule(batch.time, lambda now, ask=batch: self._start_batch(ask, now))  # type: ignore[misc]
        asks = self.year.make_asks(first_hour, hours)
        self._schedule_next_ask(asks)
        while self._events:
            now, _, act = heapq.heappop(self._events)
            self.queue.clock.seconds = now
            self.measured.fairness.advance(now)
            act(now)
            self._claim_jobs(now)
            self._note_state(now)
        report = self.measured.build_report(3600 * hours, dict(self.capacity.concurrencies))
        report["lost"] = self.queue.count_open_jobs() + len(self._jobs)
        report["measured"] = self._measure_machine(base, usage, time.perf_counter() - started)
        return report

    def _schedule(self, at: float, act: Callable[[float], None]) -> None:
        heapq.heappush(self._events, (at, next(self._numbers), act))

    def _schedule_next_ask(self, asks: Iterator[Ask]) -> None:
        ask = next(asks, None)
        if ask is not None:
            self._schedule(ask.time, lambda now: self._take_ask(ask, asks, now))

    def _take_ask(self, ask: Ask, asks: Iterator[Ask], now: float) -> None:
        self._schedule_next_ask(asks)
        base_id = next(self._ids)
        for number in range(1, ask.pictures + 1):
            job = Job(
                id=str(base_id) if ask.pictures == 1 else make_variant_id(str(base_id), number),
                request=_make_request(ask.model, has_picture=ask.has_picture),
                seed=number,
                requester=Requester(id=ask.user, name="Ada"),
                origin=Origin(guild_id=ask.guild, channel_id=ask.channel, message_id=base_id),
                accepted_at=YEAR_START + now,
            )
            self._submit(job, now, is_heavy=ask.is_heavy)

    def _start_batch(self, ask: BatchAsk, now: float) -> None:
        batch = _OpenBatch(ask, str(next(self._ids)))
        self._batches[batch.batch_id] = batch
        for _ in range(min(MAX_OPEN_ITEMS, ask.items)):
            self._submit_item(batch, now)

    def _submit_item(self, batch: _OpenBatch, now: float) -> None:
        ask, number = batch.ask, batch.next_item
        batch.next_item += 1
        job = Job(
            id=make_item_id(batch.batch_id, number),
            request=_make_request(ask.model, has_picture=False),
            seed=number,
            requester=Requester(id=10**9 + ask.guild, name="Ben"),
            origin=Origin(guild_id=ask.guild, channel_id=ask.guild * 5, message_id=int(batch.batch_id)),
            accepted_at=YEAR_START + now,
            team=TeamRef(id=ask.team, name="", weight=ask.weight),
            batch=BatchRef(batch_id=batch.batch_id, item_number=number),
            priority=Priority.LOW if ask.is_low else Priority.NORMAL,
        )
        if not self._submit(job, now, is_heavy=True):
            batch.next_item -= 1  # the runner of the bot tries it again
            self._schedule(now + 30, lambda later: self._refill_batch(batch, later))

    def _refill_batch(self, batch: _OpenBatch, now: float) -> None:
        if batch.next_item <= batch.ask.items:
            self._submit_item(batch, now)

    def _submit(self, job: Job, now: float, *, is_heavy: bool) -> bool:
        try:
            self.queue.submit(job)
        except RejectedError as rejection:
            self.measured.refused[rejection.problems[0].code] += 1
            return False
        self.measured.accepted[get_class(job)] += 1
        self._jobs[job.id] = job, now, is_heavy
        self._waiting += 1
        self.measured.fairness.add(job, now)
        return True

    def _claim_jobs(self, now: float) -> None:
        while self._waiting and self._free and (claim := self.queue.claim()):
            self._waiting -= 1
            self._free -= 1
            model = self.catalogue.models[claim.job.request.model]
            call = self._bedrock.start_call(model, now)
            self.measured.fairness.remove(claim.job, is_served=call.error is None)
            self.measured.calls[model.key] += 1
            self.measured.busy_seconds[model.key] += call.seconds  # type: ignore[assignment]
            self.measured.calls_by_minute[int(now // 60)] += 1
            self._schedule(now + call.seconds, lambda end, c=claim, r=call, s=now: self._end_call(c, r, s, end))  # type: ignore[misc]
        if self._waiting and not self._has_sweep:
            self._has_sweep = True
            is_troubled = self.capacity.is_paced or now < self._troubled_until
            self._schedule(now + (SWEEP_SECONDS if is_troubled else IDLE_SWEEP_SECONDS), self._sweep)

    def _sweep(self, now: float) -> None:
        del now
        self._has_sweep = False
        self.queue.sweep()

    def _end_call(self, claim: Claim, call: SimulatedCall, started: float, now: float) -> None:
        self._free += 1
        if call.error is None:
            self.measured.billed[claim.job.request.model] += 1
            self._note_wait(claim.job, started)
            outcome = Generated(seed=7, media_type="image/png", width=1024, height=1024, duration_seconds=call.seconds)
            self.queue.finish(claim, outcome, PICTURE)
        else:
            self._end_failed_call(claim, call.error, now)
        self._deliver(now)

    def _end_failed_call(self, claim: Claim, error: str, now: float) -> None:
        """Do what the worker does with an error, by its own table (worker/generate.py)."""
        policy = CODE_POLICIES[error]
        _, accepted_at, _ = self._jobs[claim.job.id]
        self.measured.throttled += policy.is_throttled
        seconds = FAILURE_SECONDS if policy.pause_seconds else THROTTLE_SECONDS
        self._troubled_until = max(self._troubled_until, now + seconds)
        if policy.retry_policy is RetryPolicy.ONCE:
            self.measured.billed[claim.job.request.model] += 1  # it may have been billed
        if policy.pause_seconds:
            self.queue.record_failed_call(claim, policy.pause_seconds)
        may_repeat = {
            RetryPolicy.NEVER: False,
            RetryPolicy.ONCE: claim.unknown_calls == 0,
            RetryPolicy.UNLIMITED: now - accepted_at < MAX_WAIT_SECONDS,
        }[policy.retry_policy]
        if may_repeat:
            is_unknown = policy.retry_policy is RetryPolicy.ONCE
            delay = max(policy.retry_after, 1.0)
            self.queue.release(claim, delay, is_unknown_call=is_unknown, is_throttled=policy.is_throttled)
            self._waiting += 1
            self.measured.fairness.add(claim.job, now)
        else:
            self.queue.finish(claim, Failed(problem=_TIMED_OUT, may_be_billed=True))

    def _deliver(self, now: float) -> None:
        for job_id in self.queue.deliver():
            job, _, _ = self._jobs.pop(job_id)
            self.measured.outcomes[get_class(job)] += 1
            if job.batch is not None:
                batch = self._batches[job.batch.batch_id]
                batch.ended += 1
                if batch.next_item <= batch.ask.items:
                    self._submit_item(batch, now)
                elif batch.ended == batch.ask.items:
                    self.measured.batch_seconds.append(now - batch.ask.time)

    def _note_wait(self, job: Job, started: float) -> None:
        _, accepted_at, is_heavy = self._jobs[job.id]
        self.measured.waits[get_class(job)].append(started - accepted_at)
        if job.batch is None:
            self.measured.crowd_waits["heavy" if is_heavy else "light"].append(started - accepted_at)

    def _note_state(self, now: float) -> None:
        measured = self.measured
        measured.most_running = max(measured.most_running, self.capacity.slots - self._free)
        minute = int(now // 60)
        measured.waiting_by_minute[minute] = max(measured.waiting_by_minute.get(minute, 0), self._waiting)
        measured.most_waiting = max(measured.most_waiting, self._waiting)
        if self._waiting > 50 and self._waiting > 1.05 * self._peak_memory[0]:
            memory = int(self.queue.read_info("memory")["used_memory"])
            self._peak_memory = self._waiting, memory, sum(measured.outcomes.values())

    def _read_usage(self) -> tuple[float, int, float]:
        cpu, commands = self.queue.read_info("cpu"), self.queue.read_info("commandstats")
        scripts = commands.get("cmdstat_evalsha", {"calls": 0, "usec": 0})
        return cpu["used_cpu_user"] + cpu["used_cpu_sys"], scripts["calls"], scripts["usec"]

    def _measure_machine(self, base: int, before: tuple[float, int, float], seconds: float) -> dict[str, Any]:
        """Measure what depends on the machine: Redis's time and memory for each job."""
        jobs = max(1, sum(self.measured.outcomes.values()))
        cpu, calls, microseconds = (now - then for now, then in zip(self._read_usage(), before, strict=True))
        kept = (int(self.queue.read_info("memory")["used_memory"]) - base) / jobs
        waiting, memory, delivered = self._peak_memory
        return {
            "seconds": round(seconds, 1),
            "jobs_a_second": round(jobs / seconds, 1),
            "sweep_microseconds": self._measure_sweep(),
            "script_runs_a_job": round(calls / jobs, 2),
            "script_microseconds_a_job": round(microseconds / jobs),
            "redis_cpu_microseconds_a_job": round(cpu * 1e6 / jobs),
            "bytes_a_delivered_job": round(kept),
            "bytes_a_waiting_job": round((memory - base - delivered * kept) / waiting) if waiting else None,
        }

    def _measure_sweep(self) -> int:
        """Measure how long Redis is busy with the sweep of both stages that each worker runs every second."""
        rounds, (_, _, before) = 50, self._read_usage()
        for _ in range(rounds):
            self.queue.sweep()
        return round((self._read_usage()[2] - before) / rounds)


def _make_request(model: str, *, has_picture: bool) -> Request:
    prompt = TextPrompt(text="a castle in fog above a lake at dawn, painted in oil, wide brush")
    return Request(model=model, text_prompts=(prompt,), has_picture=has_picture)
