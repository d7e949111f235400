"""The ledger of jobs over redis-py: each verb is one atomic script of `shared.queue`."""

import contextlib
import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, cast

import redis
from redis.backoff import ExponentialBackoff
from redis.commands.core import Script
from redis.connection import PythonRespSerializer
from redis.exceptions import NoScriptError, RedisError
from redis.retry import Retry

from shared.catalogue import Model
from shared.errors import Problem, problem
from shared.job import Job
from shared.outcome import Failed, Generated, Outcome
from shared.queue.names import GENERATE, PREFIX, prepared_key, source_key, ticket_list
from shared.queue.pieces import cut, joined
from shared.queue.scripts import is_full, script, stage_with_picture
from shared.queue.transport import CONNECTION, REPEATS
from worker.ports import Claim, Lane, QueueAway

log = logging.getLogger(__name__)

PACKED_BYTES = 6000
MOST_TICKETS = {Lane.PREPARE: 4, Lane.GENERATE: 64}  # one ticket prepares all that waits
MOST_CRASHES = 2
DISOWN_SECONDS = 600.0
INSIST_SECONDS = 2.0
OFF_SECONDS = 3600
AGAIN = 1


def connect(url: str) -> redis.Redis:
    """Open a pool on `REDIS_URL`: redis://, rediss:// or unix://. Every command has a deadline and few repeats."""
    retry = Retry(ExponentialBackoff(cap=1, base=0.05), retries=REPEATS)
    client = redis.Redis.from_url(url, **CONNECTION, retry=retry)
    packer = PythonRespSerializer(PACKED_BYTES, client.get_encoder().encode)  # hiredis' own copies every picture
    client.connection_pool.connection_kwargs["command_packer"] = packer
    return client


class RedisQueue:
    """`worker.ports.Queue` over Redis. Safe to share between threads.

    `send_ticket(lane)` is called where a verb made a job claimable. `lease` and `keep` are seconds: how long a claim
    holds without renewal, and how long the bytes of pictures are kept. A server that is frozen reads what was sent to
    it once it goes on, also claims that nobody waits for any more: their tokens are disowned for `DISOWN_SECONDS`.
    """

    def __init__(
        self, client: redis.Redis, send_ticket: Callable[[str], None], *, lease: float = 30, keep: int = 86400
    ) -> None:
        self._client = client
        self._send_ticket = send_ticket
        self._lease = int(lease * 1000)
        self._keep = keep * 1000
        self._held: dict[str, Claim] = {}
        self._disowned: dict[tuple[Lane, str], float] = {}
        self._lock = threading.Lock()
        self._scripts = {
            name: client.register_script(script(name))
            for name in ("begin", "claim", "disown", "finish", "promote", "release", "renew", "sweep")
        }

    def claim(self, lane: Lane) -> Claim | None:
        token = secrets.token_hex(8)
        try:
            found: Any = AGAIN
            while found == AGAIN:
                found = self._run("claim", lane, token, self._lease)
        except QueueAway:
            self._disown(lane, token)
            raise
        if not found:
            return None
        _, written, doubts = found
        claim = Claim(lane, Job.model_validate_json(written), token, doubts)
        with self._lock:
            self._held[token] = claim
        return claim

    def source(self, job_id: str) -> bytes | None:
        return self._picture(source_key(job_id))

    def prepared(self, job_id: str) -> bytes | None:
        return self._picture(prepared_key(job_id))

    def promote(self, claim: Claim, prepared: bytes) -> bool:
        moved = bool(self._run("promote", claim.job.id, claim.token, self._keep, picture=prepared))
        self._let_go(claim)
        if moved:
            self._send_ticket(GENERATE)
        return moved

    def begin(self, claim: Claim) -> bool:
        begun = bool(self._run("begin", claim.job.id, claim.token))
        if not begun:
            self._let_go(claim)
        return begun

    def release(self, claim: Claim, *, after: float, doubt: bool, throttled: bool) -> bool:
        delay = int(after * 1000)
        back = self._insist("release", claim.lane, claim.job.id, claim.token, delay, int(doubt), int(throttled))
        self._let_go(claim)
        if back and not delay:
            self._send_ticket(claim.lane)
        return bool(back)

    def finish(self, claim: Claim, outcome: Outcome, picture: bytes | None = None) -> bool:
        took = int(outcome.seconds * 1000) if isinstance(outcome, Generated) else 0
        facts = (claim.lane, claim.job.id, claim.token, outcome.model_dump_json(), self._keep, took)
        ended, *without_ticket = self._insist("finish", *facts, picture=picture)
        self._let_go(claim)
        if without_ticket and without_ticket[0] > 0:
            self._send_ticket(claim.lane)
        return bool(ended)

    def switch_off(self, model: str, problem: Problem) -> None:
        with _away():
            first = self._client.set(f"{PREFIX}off:{model}", problem.model_dump_json(), ex=OFF_SECONDS, nx=True)
        if first:
            log.critical("model %s is switched off for %d s: %s", model, OFF_SECONDS, problem.sentence())

    def renew(self) -> None:
        """Renew every lease that is held here, and give back what was claimed without our hearing of it."""
        with self._lock:
            held = list(self._held.values())
            now = time.monotonic()
            self._disowned = {claim: until for claim, until in self._disowned.items() if until > now}
            disowned = list(self._disowned)
        for lane in Lane:
            tokens = [word for claim in held if claim.lane == lane for word in (claim.job.id, claim.token)]
            if tokens:
                self._run("renew", lane, self._lease, *tokens)
            unheard = [token for of, token in disowned if of == lane]
            if unheard and (back := self._run("disown", lane, *unheard)):
                log.info("%d of %s given back, as if never claimed", back, lane)

    def sweep(self, models: Iterable[Model]) -> None:
        """Bring back what was left behind and send the tickets that are missing."""
        rows = [word for m in models for word in (m.key, m.concurrency, 60_000 // m.per_minute if m.per_minute else 0)]
        gave_up = Failed(problem=problem("gave_up", count=MOST_CRASHES)).model_dump_json()
        lost = Failed(problem=problem("lost")).model_dump_json()
        for lane in Lane:
            facts = (lane, ticket_list(lane), MOST_TICKETS[lane], MOST_CRASHES, gave_up, lost, self._lease, self._keep)
            tickets, back, failed = self._run("sweep", *facts, *(rows if lane == GENERATE else ()))
            if back or failed:
                log.info("sweep of %s: %d brought back, %d ended as failed", lane, back, failed)
            for _ in range(tickets):
                self._send_ticket(lane)

    def abandon(self, claim: Claim) -> None:
        self._disown(claim.lane, claim.token)
        self._let_go(claim)

    def _disown(self, lane: Lane, token: str) -> None:
        with self._lock:
            self._disowned[lane, token] = time.monotonic() + DISOWN_SECONDS

    def _let_go(self, claim: Claim) -> None:
        with self._lock:
            self._held.pop(claim.token, None)

    def _picture(self, key: str) -> bytes | None:
        with _away():
            return joined(cast("list[bytes]", self._client.lrange(key, 0, -1)))

    def _run(self, name: str, *arguments: Any, picture: bytes | None = None) -> Any:
        script = self._scripts[name]
        with _away():
            if picture:
                try:
                    return self._with_picture(script, arguments, picture)
                except RedisError as error:
                    if not is_full(error):
                        raise
            return script(keys=[PREFIX], args=[*arguments, *cut(picture or b"")])

    def _with_picture(self, script: Script, arguments: Sequence[Any], picture: bytes) -> Any:
        transaction = self._client.pipeline()
        stage_with_picture(transaction, script.sha, arguments, picture)
        try:
            _, answer, _ = transaction.execute()
        except NoScriptError:
            self._client.script_load(script.script)
            return self._with_picture(script, arguments, picture)
        return answer

    def _insist(self, name: str, *arguments: Any, picture: bytes | None = None) -> Any:
        """Run a script until it is done: what was paid for is not dropped because Redis is away."""
        while True:
            try:
                return self._run(name, *arguments, picture=picture)
            except QueueAway as away:
                log.warning("job %s: its %s is tried until it is stored: %s", arguments[1], name, away)
                time.sleep(INSIST_SECONDS)


@contextlib.contextmanager
def _away() -> Iterator[None]:
    try:
        yield
    except RedisError as error:
        raise QueueAway(f"Redis does not answer as it should ({type(error).__name__}: {error})") from error
