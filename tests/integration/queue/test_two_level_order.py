"""Random jobs, claims, releases, cancellations, pauses: the scripts do what a simple model of two-level turns says."""

import asyncio
import itertools
import time
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Final

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.status import CancelResult
from bot.queue.connection import connect_to_redis as connect_bot
from bot.queue.job_queue import RedisJobQueue as BotJobQueue
from bot.queue.limits import Limits, ScopeLimits
from bot.queue.paused_guilds import RedisPausedGuilds
from shared.catalogue import Catalogue
from shared.job import Job, Priority, TeamRef
from shared.problems import make_problem
from shared.queue.keys import DEFAULT_KEYS
from shared.queue.stages import Stage
from tests.support.redis_queue import GENERATED, confirm_epoch, make_job, send_no_ticket
from worker.ports import Claim
from worker.queue.connection import connect_to_redis as connect_worker
from worker.queue.job_queue import RedisJobQueue as WorkerJobQueue

MODELS: Final = ("sd3.5-large", "sdxl")
CANCELLED: Final = make_problem("cancelled", name="Ada")
TEAMS: Final = {0: None, 8: TeamRef(id=8, name="A", weight=4), 9: TeamRef(id=9, name="B", weight=0.5)}
KINDS_OF_WAITING: Final = ("queued", "turns", "ready", "ready_turns", "blocked", "blocked_turns", "delayed", "parked")
KINDS_OF_RUNNING: Final = ("slots", "claimed", "leases")

jobs = st.tuples(
    st.sampled_from(tuple(TEAMS)),  # the team, 0 for none
    st.integers(1, 2),  # the user
    st.sampled_from((None, "51", "52")),  # the batch
    st.sampled_from((0, 0, 0, 1)),  # the model
    st.sampled_from((Priority.NORMAL, Priority.NORMAL, Priority.NORMAL, Priority.LOW)),
)
steps = st.one_of(
    st.tuples(st.just("enqueue"), jobs),
    st.tuples(st.just("enqueue"), jobs),
    st.tuples(st.just("claim"), st.none()),
    st.tuples(st.sampled_from(("finish", "release", "cancel")), st.integers(0, 99)),
)


@dataclass
class WaitingJob:
    """A job of the model. While its tenant has no other subtenant, its inner tag is its start tag."""

    id: str
    model: str
    tenant: tuple[str, bool]
    start_tag: float
    inner_tag: float


@dataclass
class Turns:
    """Start-time fair queueing among names: each gets the later of the clock and its own finish tag."""

    clock: float
    finish_tags: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))

    def enter(self, name: str, cost: float) -> float:
        tag = max(self.clock, self.finish_tags[name])
        self.finish_tags[name] = tag + cost
        return tag


class TwoLevelModel:
    """Tenants take turns by start tags, their subtenants by inner tags, and places are exchanged within a tenant."""

    def __init__(self) -> None:
        self.turns = {is_low: Turns(0) for is_low in (False, True)}
        self.inside: dict[tuple[str, bool], Turns] = {}
        self.jobs: dict[str, WaitingJob] = {}

    def enter(self, job: Job) -> None:
        is_low = job.priority is Priority.LOW
        tenant, turns = (job.tenant, is_low), self.turns[is_low]
        if job.subtenant != job.tenant and tenant not in self.inside:
            self.inside[tenant] = Turns(turns.clock)
            self.inside[tenant].finish_tags[job.tenant] = turns.finish_tags[job.tenant]
        start_tag = turns.enter(job.tenant, job.cost)
        inner_tag = self.inside[tenant].enter(job.subtenant, job.cost) if tenant in self.inside else start_tag
        self.jobs[job.id] = WaitingJob(job.id, job.request.model, tenant, start_tag, inner_tag)

    def list_fair_choices(self) -> list[str]:
        """List the jobs that may be claimed: one, unless several tenants or models are equal."""
        groups = {(job.tenant, job.model) for job in self.jobs.values()}
        firsts = {group: self._find_first(*group) for group in groups}
        lowest = min(((job.tenant[1], job.start_tag) for job in firsts.values()), default=None)
        return [self._find_next(first).id for first in firsts.values() if (first.tenant[1], first.start_tag) == lowest]

    def claim(self, job_id: str) -> WaitingJob:
        """Claim a job. It keeps the start tag with which it was claimed."""
        chosen = self.jobs[job_id]
        first = self._find_first(chosen.tenant, chosen.model)
        first.start_tag, chosen.start_tag = chosen.start_tag, first.start_tag
        turns = self.turns[chosen.tenant[1]]
        turns.clock = max(turns.clock, chosen.start_tag)
        if chosen.tenant in self.inside:
            inside = self.inside[chosen.tenant]
            inside.clock = max(inside.clock, chosen.inner_tag)
        return self.jobs.pop(job_id)

    def _find_first(self, tenant: tuple[str, bool], model: str) -> WaitingJob:
        return min(self._list_group(tenant, model), key=lambda job: (job.start_tag, job.id))

    def _find_next(self, first: WaitingJob) -> WaitingJob:
        return min(self._list_group(first.tenant, first.model), key=lambda job: (job.inner_tag, job.id))

    def _list_group(self, tenant: tuple[str, bool], model: str) -> list[WaitingJob]:
        return [job for job in self.jobs.values() if (job.tenant, job.model) == (tenant, model)]


class Queues:
    """The bot's and the worker's queue on one Redis, driven step by step."""

    def __init__(self, redis_url: str, catalogue: Catalogue, limits: Limits) -> None:
        self._runner = asyncio.Runner()
        self._bot = BotJobQueue(connect_bot(redis_url), catalogue=catalogue, build_ticket=send_no_ticket, limits=limits)
        self._paused_guilds = RedisPausedGuilds(self._bot._redis)
        self.client = connect_worker(redis_url)
        self.client.flushall()
        confirm_epoch(self.client)
        self.worker = WorkerJobQueue(self.client, lambda _: None)

    def enqueue(self, job: Job) -> None:
        self._runner.run(self._bot.enqueue_job(job, None))

    def cancel(self, job_id: str) -> CancelResult:
        return self._runner.run(self._bot.cancel_job(job_id, CANCELLED))

    def load_positions(self, job_ids: Collection[str]) -> dict[str, int]:
        statuses = self._runner.run(self._bot.load_statuses(job_ids))
        return {status.job.id: status.position for status in statuses}

    def pause(self, guild_ids: Iterable[int]) -> None:
        self._runner.run(self._paused_guilds.set_guilds(guild_ids))

    def list_keys(self, *kinds: str) -> list[str]:
        names = (
            key.decode().removeprefix(DEFAULT_KEYS.prefix) for key in self.client.scan_iter(f"{DEFAULT_KEYS.prefix}*")
        )
        return [name for name in names if name.startswith(tuple(f"{kind}:" for kind in kinds))]

    def close(self) -> None:
        self._runner.run(self._bot.close())
        self._runner.close()
        self.client.close()


def build_job(number: int, description: tuple[Any, ...], guild: int = 1) -> Job:
    team, user, batch, model, priority = description
    # A batch is of one tenant, as it is started by one person for one team or for nobody.
    name = f"{batch}{team or user}" if batch else None
    return make_job(number, user, team=TEAMS[team], batch=name, model=MODELS[model], priority=priority, guild=guild)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(script=st.lists(steps, min_size=10, max_size=70))
def test_the_scripts_claim_in_the_order_of_the_model_and_positions_tell_it(
    redis_url: str, catalogue: Catalogue, script: list[tuple[str, Any]]
) -> None:
    with closing(Queues(redis_url, catalogue, Limits(user=ScopeLimits(), batch=ScopeLimits()))) as queues:
        _compare_with_model(queues, script)


def _compare_with_model(queues: Queues, script: list[tuple[str, Any]]) -> None:
    model, numbers = TwoLevelModel(), itertools.count(100)
    running: list[tuple[Claim, WaitingJob]] = []
    for step, argument in script:
        if step == "enqueue":
            new = build_job(next(numbers), argument)
            queues.enqueue(new)
            model.enter(new)
        elif step == "claim":
            claim, choices = queues.worker.claim(Stage.GENERATE), model.list_fair_choices()
            assert (claim.job.id in choices) if claim else not choices
            if claim:
                running.append((claim, model.claim(claim.job.id)))
        elif step == "cancel" and model.jobs:
            job_id = list(model.jobs)[argument % len(model.jobs)]
            del model.jobs[job_id]
            assert queues.cancel(job_id) is CancelResult.CANCELLED
        elif step in {"finish", "release"} and running:
            claim, job = running.pop(argument % len(running))
            if step == "finish":
                queues.worker.finish(claim, GENERATED, b"p")
            else:
                queues.worker.release(claim, delay_seconds=0, is_unknown_call=False, is_throttled=False)
                model.jobs[job.id] = job
    positions = queues.load_positions(list(model.jobs))
    places = {
        one: sorted((job.tenant[1], job.start_tag) for job in model.jobs.values() if job.model == one) for one in MODELS
    }
    while last := queues.worker.claim(Stage.GENERATE):
        assert last.job.id in model.list_fair_choices()
        taken = model.claim(last.job.id)
        assert places[taken.model][positions[taken.id] - 1] == (taken.tenant[1], taken.start_tag)
    assert not model.jobs
    assert not queues.list_keys(*KINDS_OF_WAITING)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    maximums=st.fixed_dictionaries({scope: st.integers(0, 2) for scope in ("user", "batch", "channel", "guild")}),
    script=st.lists(
        st.one_of(steps, st.tuples(st.sampled_from(("delay", "pause", "resume", "sweep")), st.integers(0, 99))),
        min_size=20,
        max_size=80,
    ),
)
def test_with_limits_and_pauses_no_job_is_lost_and_every_order_holds_the_same_jobs(
    redis_url: str, catalogue: Catalogue, maximums: dict[str, int], script: list[tuple[str, Any]]
) -> None:
    limits = Limits(**{scope: ScopeLimits(max_running=maximum) for scope, maximum in maximums.items()})
    with closing(Queues(redis_url, catalogue, limits)) as queues:
        _run_and_check(queues, limits, script)


def _run_and_check(queues: Queues, limits: Limits, script: list[tuple[str, Any]]) -> None:
    numbers, waiting = itertools.count(100), dict[str, Job]()
    running, finished = list[Claim](), set[str]()
    for step, argument in script:
        match step:
            case "enqueue":
                number = next(numbers)
                waiting[str(number)] = job = build_job(number, argument, guild=1 + number % 2)
                queues.enqueue(job)
            case "claim" if claim := queues.worker.claim(Stage.GENERATE):
                del waiting[claim.job.id]
                running.append(claim)
                _assert_limits_hold(running, limits)
            case "cancel" if waiting:
                job_id = list(waiting)[argument % len(waiting)]
                del waiting[job_id]
                assert queues.cancel(job_id) is CancelResult.CANCELLED
            case "finish" if running:
                claim = running.pop(argument % len(running))
                queues.worker.finish(claim, GENERATED, b"p")
                finished.add(claim.job.id)
            case "release" | "delay" if running:
                claim = running.pop(argument % len(running))
                delay = 0.001 if step == "delay" else 0
                queues.worker.release(claim, delay_seconds=delay, is_unknown_call=False, is_throttled=False)
                waiting[claim.job.id] = claim.job
            case "pause" | "resume":
                queues.pause([1 + argument % 2] if step == "pause" else [])
            case "sweep":
                queues.worker.sweep(())
        _assert_orders_agree(queues, waiting)

    queues.pause([])
    time.sleep(0.002)
    queues.worker.sweep(())
    open_jobs = waiting.keys() | {claim.job.id for claim in running}
    ended = set()
    while last := running.pop() if running else queues.worker.claim(Stage.GENERATE):
        assert queues.worker.finish(last, GENERATED, b"p")
        ended.add(last.job.id)
    assert ended == open_jobs
    assert not ended & finished
    assert not queues.list_keys(*KINDS_OF_WAITING, *KINDS_OF_RUNNING)


def _assert_limits_hold(running: list[Claim], limits: Limits) -> None:
    counts: Counter[str] = Counter()
    for claim in running:
        arguments = limits.build_script_arguments(claim.job)
        for name, maximum in zip(arguments[::4], arguments[2::4], strict=True):
            counts[str(name)] += 1
            assert not maximum or counts[str(name)] <= int(maximum)


def _assert_orders_agree(queues: Queues, waiting: dict[str, Job]) -> None:
    """Each waiting job has one place, and the orders inside its tenant hold it with the tags that it has."""
    sets: dict[str, dict[str, float]] = {}
    for name in queues.list_keys(*KINDS_OF_WAITING):
        rows: Any = queues.client.zrange(DEFAULT_KEYS.prefix + name, 0, -1, withscores=True)
        sets[name] = {job_id.decode(): score for job_id, score in rows}
    places = Counter(
        job_id
        for name, members in sets.items()
        if name.partition(":")[0] in {"ready", "blocked", "delayed", "parked"}
        for job_id in members
    )
    assert places == Counter(waiting.keys())
    expected: dict[str, dict[str, float]] = {name: {} for name in sets if name.count(":") == 3}
    for job_id in waiting:
        fields: Any = queues.client.hmget(
            DEFAULT_KEYS.job_key(job_id), "tenant", "priority", "inner_tag:generate", "model"
        )
        tenant, priority, inner_tag, model = (value and value.decode() for value in fields)
        tenant = f"low-{tenant}" if priority == "low" else tenant
        for name in [name for name in sets if job_id in sets[name] and name.count(":") == 2 and inner_tag]:
            kind, stage, where = name.split(":")
            if kind in {"ready", "blocked"}:
                expected.setdefault(f"{kind}_turns:{stage}:{where}:{tenant}", {})[job_id] = float(inner_tag)
            elif where == model:
                expected.setdefault(f"turns:{stage}:{model}:{tenant}", {})[job_id] = float(inner_tag)
                expected.setdefault(f"queued:{stage}:{model}:{tenant}", {})[job_id] = sets[name][job_id]
    assert {name: members for name, members in sets.items() if name.count(":") == 3} == expected
