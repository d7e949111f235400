"""Submitting, cancelling and forgetting jobs in Redis."""

import asyncio
import logging
import math
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import compress, islice
from typing import Any, Final, assert_never

from redis.exceptions import AuthenticationError, RedisError, ResponseError

from bot.domain.errors import QueueResultUnknownError
from bot.domain.events import NO_EVENTS, Events
from bot.domain.status import CancelResult, QueueState
from bot.queue.connection import QueueRedis, raise_queue_unavailable, translate_redis_errors
from bot.queue.limits import DEFAULT_LIMITS, Limits, get_scope_kind, make_rate_problem
from bot.queue.pictures import QueuePictures, reject_without_pictures
from bot.queue.replies import AcceptReply, AcceptResult, CancelReply
from bot.queue.scripts import ScriptRunner
from bot.queue.status import RedisJobStatusReader
from shared.catalogue import Catalogue
from shared.job import Job
from shared.log_context import bind_job_id
from shared.logging import PROMPT_LOGGER
from shared.outage_log import OutageLog
from shared.outcome import Failed
from shared.pictures.reference import PictureReference
from shared.problems import DISABLED_UNTIL_FACT, Problem, RejectedError, make_problem
from shared.prompts import format_prompt
from shared.queue.connection_errors import describe_redis_error
from shared.queue.refusals import find_refusal
from shared.queue.scripts import is_oom_error
from shared.queue.stages import Stage
from shared.tracing import NO_TRACER, OUTCOME, SpanKind, Tracer, describe_job

log = logging.getLogger(__name__)
prompt_log = logging.getLogger(PROMPT_LOGGER)

PURGE_BATCH_SIZE: Final = 200
TICKET_TIMEOUT_SECONDS: Final = 1.0
"""How long a broker that does not answer may delay a request: the sweep sends a ticket, too."""

_DISABLED_CODES: Final = {"model_gone": "model_gone_for_now", "model_withdrawn": "model_withdrawn_for_now"}
_OPEN_LIMIT_CODES: Final = {
    "user": "too_many_waiting",
    "channel": "too_many_waiting_channel",
    "guild": "too_many_waiting_guild",
}


class RedisJobQueue(RedisJobStatusReader):
    """Submits jobs and tells their status.

    `build_ticket` returns the Celery message that wakes a worker for a stage; if it is empty, none is sent, and the
    workers' sweep sends one within a second or two. Above `max_memory_ratio` (0 to 1) of Redis's maxmemory no job is
    accepted. `image_ttl_seconds` is how long an upload waits to be prepared. `broker` is where the tickets go, if that
    is another Redis. `pictures` has those that do not stay in Redis. `events` notes each accepted job.
    """

    def __init__(
        self,
        redis: QueueRedis,
        *,
        catalogue: Catalogue,
        build_ticket: Callable[[Stage], str],
        limits: Limits = DEFAULT_LIMITS,
        max_memory_ratio: float = 0.8,
        image_ttl_seconds: int = 86400,
        broker: QueueRedis | None = None,
        tracer: Tracer = NO_TRACER,
        events: Events = NO_EVENTS,
        pictures: QueuePictures | None = None,
    ) -> None:
        super().__init__(redis, catalogue, pictures)
        self._tracer = tracer
        self._build_ticket = build_ticket
        self._limits = limits
        self._max_memory_ratio = max_memory_ratio
        self._image_ttl_ms = image_ttl_seconds * 1000
        self._broker = broker
        self._ticket_outage = OutageLog(log, "tickets are sent")
        self._events = events
        self._scripts = ScriptRunner(redis, "accept", "cancel", "delete_drafts", "set_thread")

    async def enqueue_job(self, job: Job, image: bytes | None, *, unknown_calls: int = 0) -> bool:
        """Enqueue a job with its picture, or the bundle of its pictures.

        Return False if this very job was accepted before.

        `unknown_calls` counts calls whose result was lost before Redis forgot the job; after one, no other such call is
        repeated. Raises `RejectedError` (queue_full, too_many_waiting…, too_often…, queue_not_writable, or the problem
        for which the model is disabled); nothing is stored then. Raises `QueueResultUnknownError`, also where Redis
        refuses for a while.
        """
        accepting = self._tracer.start_span("accept", kind=SpanKind.PRODUCER, attributes=describe_job(job))
        with bind_job_id(job.id), accepting as span:
            reply, problem = await self._store_and_accept(job, image, unknown_calls, span.traceparent)
            span.set_attribute(OUTCOME, reply.result)
        if problem is not None:
            raise RejectedError(problem)
        is_new = reply.result is AcceptResult.ACCEPTED
        if is_new:
            self._events.note_acceptance(job)
            words = (format_prompt(job.request.text_prompts), *job.request.list_searched_texts())
            prompt_log.info("job %s: accepted with the prompt %r", job.id, " / ".join(filter(None, words)))
        return is_new

    async def find_limit_problem(self, model: str, user_id: int, channel_id: int, guild_id: int) -> Problem | None:
        """Find why a job for this model would not be accepted now, by the same script; nothing is stored.

        Raises `RejectedError` (queue_unavailable).
        """
        arguments: list[Any] = ["", "", model, "", 0, self._max_memory_ratio, self._image_ttl_ms, 0, "", "", "", ""]
        arguments += self._limits.build_scope_arguments(user_id, channel_id, guild_id)
        with translate_redis_errors():
            return _find_problem(AcceptReply.parse(await self._scripts.run("accept", *arguments)))

    async def set_thread(self, job_id: str, thread_id: int) -> None:
        """Remember the thread that was opened for a job, if Redis still has it. Raises `QueueUnavailableError`."""
        with raise_queue_unavailable():
            await self._scripts.run("set_thread", job_id, thread_id)

    async def cancel_job(self, job_id: str, problem: Problem) -> CancelResult:
        """End a job as failed with this problem, unless its call has started: that is paid for.

        The outcome is delivered like any other. A second call, also after a lost reply, is TOO_LATE. Raises
        `RejectedError` (queue_unavailable); the job may have been cancelled then.
        """
        outcome = Failed(problem=problem).model_dump_json()
        with translate_redis_errors():
            reply = CancelReply.parse(await self._scripts.run("cancel", job_id, outcome))
        if reply.stage and reply.claimable:
            await self._send_ticket(reply.stage)
        return reply.result

    async def purge_jobs(self, job_ids: Collection[str]) -> None:
        """Delete everything that Redis still holds of those of these jobs that have ended, dead letters included.

        Raises `RejectedError` (queue_unavailable).
        """
        with translate_redis_errors(), reject_without_pictures("queue_unavailable"):
            for batch in _split_into_batches(job_ids, PURGE_BATCH_SIZE):
                pipeline = self._redis.pipeline(transaction=False)
                for job_id in batch:
                    pipeline.hget(self._names.job_key(job_id), "state")
                states = await pipeline.execute()
                has_ended = [state is None or state == QueueState.DELIVERED.encode() for state in states]
                ended = list(compress(batch, has_ended))
                if ended:
                    letters = [self._names.dead_letter_picture_key(job_id) for job_id in ended]
                    await self._pictures.delete(await self._pictures.list_references(self._redis, letters))
                    key_functions = (
                        self._names.job_key,
                        self._names.result_key,
                        self._names.dead_letter_key,
                        self._names.dead_letter_picture_key,
                    )
                    await self._redis.delete(*(key(job_id) for job_id in ended for key in key_functions))
                    await self._redis.zrem(self._names.dead_letters, *ended)

    async def _store_and_accept(
        self, job: Job, image: bytes | None, unknown_calls: int, traceparent: str
    ) -> tuple[AcceptReply, Problem | None]:
        """Store the picture, then the job, and return the reply, and why it is not accepted. Raises `RejectedError`."""
        with reject_without_pictures("queue_not_writable"):
            stored = await self._pictures.store_upload(job.id, image) if image else None
        del image  # it need not stay in memory while Redis is waited for
        try:
            reply = await self._accept(job, stored, unknown_calls, traceparent)
        except RejectedError:
            await self._pictures.discard(stored)
            raise
        problem = _find_problem(reply)
        if problem is not None:
            await self._pictures.discard(stored)
        return reply, problem

    async def _accept(
        self, job: Job, image: bytes | PictureReference | None, unknown_calls: int, traceparent: str
    ) -> AcceptReply:
        arguments: list[Any] = [job.id, job.to_json(), job.request.model, job.tenant, job.cost]
        arguments += [self._max_memory_ratio, self._image_ttl_ms, unknown_calls]
        stage = Stage.PREPARE if image else Stage.GENERATE
        arguments += ["" if self._broker else self._build_ticket(stage), job.subtenant, job.priority]
        arguments.append(traceparent)
        arguments += self._limits.build_script_arguments(job)
        try:
            reply = AcceptReply.parse(await self._run_accept(arguments, image))
        except RedisError as error:
            if is_oom_error(error):
                raise RejectedError(make_problem("queue_full")) from error
            log.warning("job %s: not queued yet, or it is not known: %s", job.id, describe_redis_error(error))
            refusal = find_refusal(error)
            is_transient = refusal is not None and refusal.is_transient
            if isinstance(error, ResponseError | AuthenticationError) and not is_transient:
                raise RejectedError(make_problem("queue_not_writable")) from error
            raise QueueResultUnknownError from error
        if self._broker and reply.result is AcceptResult.ACCEPTED:
            await self._send_ticket(stage)
        return reply

    async def _run_accept(self, arguments: Sequence[Any], image: bytes | PictureReference | None) -> Any:
        """Run accept.lua. If Redis is full, the drafts give way, and it is run again."""
        try:
            return await self._scripts.run("accept", *arguments, picture=image)
        except RedisError as error:
            if not (is_oom_error(error) and await self._scripts.run("delete_drafts")):
                raise
            return await self._scripts.run("accept", *arguments, picture=image)

    async def close(self) -> None:
        """Close the connections to Redis, to the broker, and to the storage of pictures."""
        await self._pictures.close()
        await super().close()
        if self._broker:
            await self._broker.aclose()

    async def _send_ticket(self, stage: Stage) -> None:
        ticket = self._build_ticket(stage)
        try:
            if ticket:
                async with asyncio.timeout(TICKET_TIMEOUT_SECONDS):
                    await (self._broker or self._redis).lpush(self._names.ticket_list_key(stage), ticket)
        except (RedisError, OSError) as error:
            self._ticket_outage.report_failure(f"no ticket is sent, and jobs start with the next sweep: {error!r}")
        else:
            self._ticket_outage.report_success()


def _split_into_batches(job_ids: Collection[str], size: int) -> Iterator[tuple[str, ...]]:
    remaining = iter(job_ids)
    while batch := tuple(islice(remaining, size)):
        yield batch


def _find_problem(reply: AcceptReply) -> Problem | None:
    """Find why a job is not accepted."""
    match reply.result:
        case AcceptResult.ACCEPTED | AcceptResult.DUPLICATE:
            return None
        case AcceptResult.LIMIT_REACHED:
            code = _OPEN_LIMIT_CODES[get_scope_kind(reply.scope)]
            return make_problem(code, count=reply.count, limit=reply.limit)
        case AcceptResult.RATE_LIMITED:
            return make_rate_problem(reply.scope, reply.limit, reply.wait_ms)
        case AcceptResult.OUT_OF_MEMORY:
            return make_problem("queue_full")
        case AcceptResult.MODEL_DISABLED:
            return _read_problem(reply.problem)
        case _:
            assert_never(reply.result)


def _read_problem(problem_json: bytes) -> Problem:
    """Read why and for how long a model is disabled, even if another release wrote what this one cannot read."""
    try:
        problem = Problem.model_validate_json(problem_json)
    except ValueError:
        return Problem(code="unknown_problem", facts={"code": "model_off"})
    until, code = problem.facts.get(DISABLED_UNTIL_FACT), _DISABLED_CODES.get(problem.code)
    if code is None or not isinstance(until, int | float):
        return problem
    return make_problem(code, **problem.facts, minutes=max(1, math.ceil((until - time.time()) / 60)))
