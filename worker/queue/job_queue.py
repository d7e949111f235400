"""Claiming, preparing, calling and finishing jobs in Redis: each step is one atomic script of `shared.queue`."""

import logging
import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from shared.accounts import DEFAULT_ACCOUNT
from shared.catalogue import Model
from shared.i18n.messages import describe_problem
from shared.job import Job
from shared.outcome import Failed, Generated, Outcome
from shared.pictures.storage import PictureStorage
from shared.problems import DISABLED_UNTIL_FACT, Problem, make_problem
from shared.queue.stages import Stage
from shared.tracing import NO_TRACER, OUTCOME, Tracer, describe_job
from shared.unreadable import describe_read_error
from worker.accounts import AccountPool
from worker.ports import Claim, QueueUnavailableError
from worker.queue.claims import ClaimRegistry
from worker.queue.connection import QueueRedis
from worker.queue.pictures import QueuePictures
from worker.queue.replies import ClaimReply, ClaimResult, DisableModelReply, FinishReply, StartCallResult, SweepReply
from worker.queue.scripts import ScriptRunner
from worker.queue.ticket_counter import TicketCounter

log = logging.getLogger(__name__)

MAX_TICKETS: Final[Mapping[Stage, int]] = MappingProxyType({Stage.PREPARE: 4, Stage.GENERATE: 64})
"""How many tickets may wait for workers. One ticket prepares every picture that waits, so few are enough."""

MAX_CRASHES: Final = 2
"""How many workers may die with a job before its call until the job fails."""

HELD_SWEEPS_BEFORE_WARNING: Final = 3
"""How many sweeps in a row find calls held before that is logged: when bot and worker start together, one may."""

MODEL_DISABLED_SECONDS: Final = 3600
"""How long a model stays disabled that AWS has refused to run."""

OTHER_ACCOUNT_MS: Final = 1000
"""How long a job waits at most after it was throttled in an account while there are others."""


class RedisJobQueue:
    """`worker.ports.JobQueue` over Redis. Threads may share it.

    `send_ticket` is called with a stage in which a job has become claimable. `lease_seconds` is how long a claim lasts
    without being renewed, `image_ttl_seconds` how long pictures and dead letters are kept. `accounts` are the AWS
    accounts among which claims choose. `storage` has the pictures that do not stay in Redis.
    """

    def __init__(
        self,
        client: QueueRedis,
        send_ticket: Callable[[Stage], None],
        ticket_counter: TicketCounter | None = None,
        *,
        lease_seconds: float = 30,
        image_ttl_seconds: int = 86400,
        accounts: AccountPool | None = None,
        tracer: Tracer = NO_TRACER,
        storage: PictureStorage | None = None,
    ) -> None:
        self._pictures = QueuePictures(client, storage)
        self._tracer = tracer
        self._names = client.names
        self._send_ticket = send_ticket
        self._ticket_counter = ticket_counter or TicketCounter()
        self._lease_ms = int(lease_seconds * 1000)
        self._image_ttl_ms = image_ttl_seconds * 1000
        self._accounts = accounts or AccountPool()
        self._claims = ClaimRegistry()
        self._held_sweeps = 0
        self._scripts = ScriptRunner(
            client,
            "claim",
            "disable_model",
            "finish",
            "promote",
            "record_failed_call",
            "release",
            "renew",
            "set_aside",
            "start_call",
            "sweep",
            "unclaim",
        )

    def claim(self, stage: Stage) -> Claim | None:
        accounts = self._accounts.list_usable() if stage is Stage.GENERATE else [DEFAULT_ACCOUNT]
        while accounts:
            token = secrets.token_hex(8)
            try:
                reply = self._claim(stage, token, accounts)
                if reply.result is ClaimResult.NONE:
                    return None
                job = self._read_or_set_aside(stage, token, reply)
            except QueueUnavailableError:
                self._claims.unclaim(stage, token)
                raise
            if job is not None:
                claim = Claim(
                    stage,
                    job,
                    token,
                    reply.unknown_calls,
                    reply.resumed_at / 1000,
                    reply.account,
                    reply.traceparent,
                )
                self._claims.add(claim)
                return claim
        return None

    def _read_or_set_aside(self, stage: Stage, token: str, reply: ClaimReply) -> Job | None:
        """Read a claimed job; None if another release wrote it in a way that this one cannot read.

        Such a job ends as a dead letter, for a release that can read it, and its requester is told.
        """
        try:
            return Job.model_validate_json(reply.job)
        except ValueError as error:
            log.critical(
                "job %s cannot be read by this release and is set aside as a dead letter: %s",
                reply.job_id,
                describe_read_error(error),
            )
        outcome = Failed(problem=make_problem("unreadable")).model_dump_json()
        self._scripts.run("set_aside", stage, reply.job_id, token, outcome, self._image_ttl_ms)
        return None

    def _claim(self, stage: Stage, token: str, accounts: Sequence[str]) -> ClaimReply:
        while True:
            reply = ClaimReply.parse(self._scripts.run("claim", stage, token, self._lease_ms, *accounts))
            if reply.result is not ClaimResult.AGAIN:
                return reply

    def fetch_upload(self, job_id: str) -> bytes | None:
        return self._pictures.fetch(self._names.upload_key(job_id))

    def fetch_prepared(self, job_id: str) -> bytes | None:
        return self._pictures.fetch(self._names.prepared_key(job_id))

    def promote(self, claim: Claim, prepared: bytes) -> bool:
        stored = self._pictures.store_prepared(claim.job.id, prepared)
        is_moved = bool(self._scripts.run("promote", claim.job.id, claim.token, self._image_ttl_ms, picture=stored))
        self._claims.remove(claim)
        if is_moved:
            self._send_ticket(Stage.GENERATE)
        return is_moved

    def start_call(self, claim: Claim) -> bool:
        reply = self._scripts.run("start_call", claim.job.id, claim.token)
        result = StartCallResult(reply.decode())
        if result is StartCallResult.HELD:
            self._claims.unclaim(claim.stage, claim.token)
        elif result is StartCallResult.LOST:
            self._claims.remove(claim)
        return result is StartCallResult.STARTED

    def release(self, claim: Claim, *, delay_seconds: float, is_unknown_call: bool, is_throttled: bool) -> bool:
        delay_ms = pace_delay_ms = int(delay_seconds * 1000)
        if is_throttled and self._accounts.has_several:
            delay_ms = min(delay_ms, OTHER_ACCOUNT_MS)
        arguments: list[Any] = [claim.stage, claim.job.id, claim.token, delay_ms]
        arguments += [int(is_unknown_call), int(is_throttled), pace_delay_ms]
        is_requeued = bool(self._scripts.run_until_stored("release", *arguments, job_id=claim.job.id))
        self._claims.remove(claim)
        if is_requeued and not delay_ms:
            self._send_ticket(claim.stage)
        return is_requeued

    def finish(self, claim: Claim, outcome: Outcome, picture: bytes | None = None) -> bool:
        duration_ms = int(outcome.duration_seconds * 1000) if isinstance(outcome, Generated) else 0
        job = claim.job
        arguments: list[Any] = [claim.stage, job.id, claim.token, outcome.model_dump_json()]
        arguments += [self._image_ttl_ms, duration_ms]
        arguments += [job.to_json(), job.request.model, job.tenant, claim.unknown_calls, claim.account]
        with self._tracer.start_span("finish", attributes=describe_job(job, claim.stage)) as span:
            span.set_attribute(OUTCOME, outcome.problem.code if isinstance(outcome, Failed) else outcome.kind)
            stored = self._pictures.store_result(job.id, picture) if picture else None
            del picture  # it need not stay in memory while the script waits for the queue
            reply = FinishReply.parse(
                self._scripts.run_until_stored("finish", *arguments, job_id=job.id, picture=stored)
            )
        self._claims.remove(claim)
        if reply.missing_tickets > 0:
            self._send_ticket(claim.stage)
        if reply.is_resumed:
            place = _describe_place(claim.account)
            log.warning("model %s responds again%s, and is called as before", claim.job.request.model, place)
        return reply.is_stored

    def record_failed_call(self, claim: Claim, *, pause_seconds: float) -> None:
        model = claim.job.request.model
        arguments = (model, claim.job.id, int(pause_seconds * 1000), claim.account)
        paused_ms = int(self._scripts.run("record_failed_call", *arguments))
        if paused_ms:
            log.critical(
                "model %s is paused%s for %g s: its calls fail or get no response in time, and may be billed all the"
                " same. Then one job at a time tries it",
                model,
                _describe_place(claim.account),
                paused_ms / 1000,
            )

    def disable_model(self, model: str, account: str, problem: Problem) -> bool:
        until = int(time.time()) + MODEL_DISABLED_SECONDS
        reason = Problem(code=problem.code, facts=problem.facts | {DISABLED_UNTIL_FACT: until}).model_dump_json()
        arguments = (model, account, reason, MODEL_DISABLED_SECONDS)
        reply = DisableModelReply.parse(self._scripts.run("disable_model", *arguments))
        if reply.is_new:
            place = "" if reply.is_off else f" in account {account}, and called in others"
            sentence = describe_problem(problem)
            log.critical("model %s is disabled for %d s%s: %s", model, MODEL_DISABLED_SECONDS, place, sentence)
        return reply.is_off

    def return_claim(self, claim: Claim) -> None:
        self._claims.unclaim(claim.stage, claim.token)

    def renew_leases(self) -> None:
        """Renew every lease that this process holds, and give back the claims that it does not use.

        Raises `QueueUnavailableError`.
        """
        for stage in Stage:
            leases = [word for claim in self._claims.list_claims(stage) for word in (claim.job.id, claim.token)]
            if leases:
                self._scripts.run("renew", stage, self._lease_ms, *leases)
            tokens = self._claims.list_unclaimed_tokens(stage)
            if tokens and (requeued := self._scripts.run("unclaim", stage, *tokens)):
                log.info("%d jobs of stage %s were given back, as if never claimed", requeued, stage)

    def sweep(self, models: Iterable[Model]) -> None:
        """Bring back jobs whose workers died, and send the tickets that are missing. Raises `QueueUnavailableError`."""
        crashed = Failed(problem=make_problem("worker_crashed", count=MAX_CRASHES)).model_dump_json()
        lost = Failed(problem=make_problem("interrupted"), may_be_billed=True).model_dump_json()
        for stage in Stage:
            arguments: list[Any] = [stage, MAX_TICKETS[stage], MAX_CRASHES, crashed, lost]
            arguments += [self._lease_ms, self._image_ttl_ms]
            arguments.append(" ".join(self._accounts.list_usable()) if stage is Stage.GENERATE else "")
            arguments.append(self._ticket_counter.count_tickets(stage))
            if stage is Stage.GENERATE:
                for model in models:
                    min_interval_ms = 60_000 // model.per_minute if model.per_minute else 0
                    arguments += [model.key, model.concurrency, min_interval_ms]
            reply = SweepReply.parse(self._scripts.run("sweep", *arguments))
            if reply.requeued or reply.failed:
                log.info("sweep of stage %s: %d requeued, %d failed", stage, reply.requeued, reply.failed)
            for _ in range(reply.missing_tickets):
                self._send_ticket(stage)
        self._log_hold(is_held=reply.is_held)

    def _log_hold(self, *, is_held: bool) -> None:
        if is_held:
            self._held_sweeps += 1
            if self._held_sweeps == HELD_SWEEPS_BEFORE_WARNING:
                log.warning(
                    "no call is made for now: Redis was started, emptied or upgraded from 0.1.0, and the bot has not"
                    " compared the queue with its database since. If the bot does not run, start it; if its release is"
                    " 0.1.0, which never does that, upgrade it"
                )
            return
        if self._held_sweeps >= HELD_SWEEPS_BEFORE_WARNING:
            log.info("the bot has compared the queue with its database: calls are made again")
        self._held_sweeps = 0


def _describe_place(account: str) -> str:
    """Say for the log in which account a model is called, behind its key; nothing of the default one."""
    return "" if account == DEFAULT_ACCOUNT else f" in account {account}"
