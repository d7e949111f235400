"""The ledger of jobs over redis-py: each verb is one atomic script of `shared.queue`."""

import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, cast

import redis
from redis.backoff import ExponentialBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from shared.catalogue import Model
from shared.errors import Problem, problem
from shared.job import Job
from shared.outcome import Failed, Generated, Outcome
from shared.queue.names import GENERATE, PREFIX, prepared_key, source_key, ticket_list
from shared.queue.scripts import script
from worker.ports import Claim, Lane

log = logging.getLogger(__name__)

MOST_TICKETS = 64
MOST_CRASHES = 2
FINISH_PATIENCE = 300.0
OFF_SECONDS = 3600


def connect(url: str) -> redis.Redis:
    """Open a pool on `REDIS_URL`: redis://, rediss:// or unix://. Every command has a deadline and few repeats."""
    return redis.Redis.from_url(
        url,
        socket_connect_timeout=3,
        socket_timeout=10,
        socket_keepalive=True,
        health_check_interval=15,
        retry=Retry(ExponentialBackoff(cap=1, base=0.05), retries=2),
    )


class RedisQueue:
    """`worker.ports.Queue` over Redis. Safe to share between threads.

    `send_ticket(lane)` is called where a verb made a job claimable. `lease` and `keep` are seconds: how long a claim
    holds without renewal, and how long the bytes of pictures are kept.
    """

    def __init__(
        self, client: redis.Redis, send_ticket: Callable[[str], None], *, lease: float = 30, keep: int = 86400
    ) -> None:
        self._client = client
        self._send_ticket = send_ticket
        self._lease = int(lease * 1000)
        self._keep = keep * 1000
        self._held: dict[str, Claim] = {}
        self._lock = threading.Lock()
        self._scripts = {
            name: client.register_script(script(name))
            for name in ("begin", "claim", "finish", "promote", "release", "renew", "sweep")
        }

    def claim(self, lane: Lane) -> Claim | None:
        token = secrets.token_hex(8)
        found = self._run("claim", lane, token, self._lease)
        if not found:
            return None
        job_id, written, doubts = found
        claim = Claim(lane, Job.model_validate_json(written), token, doubts)
        with self._lock:
            self._held[job_id.decode()] = claim
        return claim

    def source(self, job_id: str) -> bytes | None:
        return cast("bytes | None", self._client.get(source_key(job_id)))

    def prepared(self, job_id: str) -> bytes | None:
        return cast("bytes | None", self._client.get(prepared_key(job_id)))

    def promote(self, claim: Claim, prepared: bytes) -> bool:
        moved = bool(self._run("promote", claim.job.id, claim.token, prepared, self._keep))
        self._let_go(claim)
        if moved:
            self._send_ticket(GENERATE)
        return moved

    def begin(self, claim: Claim) -> bool:
        return bool(self._run("begin", claim.job.id, claim.token))

    def release(self, claim: Claim, *, after: float, doubt: bool, throttled: bool) -> bool:
        delay = int(after * 1000)
        back = self._run("release", claim.lane, claim.job.id, claim.token, delay, int(doubt), int(throttled))
        self._let_go(claim)
        if back and not delay:
            self._send_ticket(claim.lane)
        return bool(back)

    def finish(self, claim: Claim, outcome: Outcome, picture: bytes | None = None) -> bool:
        """End the job. What was paid for is not dropped because Redis is away: it is tried again for minutes."""
        took = int(outcome.seconds * 1000) if isinstance(outcome, Generated) else 0
        facts = (claim.lane, claim.job.id, claim.token, outcome.model_dump_json(), picture or b"", self._keep, took)
        patience = time.monotonic() + FINISH_PATIENCE
        while True:
            try:
                ended, *claimable = self._run("finish", *facts)
                break
            except RedisError:
                if time.monotonic() > patience:
                    raise
                log.warning("job %s: the outcome could not be stored, trying again", claim.job.id, exc_info=True)
                time.sleep(1)
        self._let_go(claim)
        if claimable and claimable[0]:
            self._send_ticket(claim.lane)
        return bool(ended)

    def switch_off(self, model: str, problem: Problem) -> None:
        if self._client.set(f"{PREFIX}off:{model}", problem.model_dump_json(), ex=OFF_SECONDS, nx=True):
            log.critical("model %s is switched off for %d s: %s", model, OFF_SECONDS, problem.sentence())

    def renew(self) -> None:
        """Renew every lease that is held here."""
        with self._lock:
            held = list(self._held.values())
        for lane in Lane:
            tokens = [word for claim in held if claim.lane == lane for word in (claim.job.id, claim.token)]
            if tokens:
                self._run("renew", lane, self._lease, *tokens)

    def sweep(self, models: Iterable[Model]) -> None:
        """Bring back what was left behind and send the tickets that are missing."""
        rows = [word for m in models for word in (m.key, m.concurrency, 60_000 // m.per_minute if m.per_minute else 0)]
        gave_up = Failed(problem=problem("gave_up", count=MOST_CRASHES)).model_dump_json()
        lost = Failed(problem=problem("lost")).model_dump_json()
        for lane in Lane:
            facts = (lane, ticket_list(lane), MOST_TICKETS, MOST_CRASHES, gave_up, lost, self._lease)
            tickets, back, failed = self._run("sweep", *facts, *(rows if lane == GENERATE else ()))
            if back or failed:
                log.info("sweep of %s: %d brought back, %d ended as failed", lane, back, failed)
            for _ in range(tickets):
                self._send_ticket(lane)

    def abandon(self, claim: Claim) -> None:
        """Stop renewing a lease, so that the sweep brings its job back."""
        self._let_go(claim)

    def _let_go(self, claim: Claim) -> None:
        with self._lock:
            self._held.pop(claim.job.id, None)

    def _run(self, name: str, *arguments: Any) -> Any:
        return self._scripts[name](keys=[PREFIX], args=list(arguments))
