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
from shared.job import Job
from shared.outcome import Failed, Generated, Outcome
from shared.problems import Problem, make_problem
from shared.queue.chunks import join_chunks, split_into_chunks
from shared.queue.keys import GENERATE, KEY_PREFIX, prepared_key, ticket_list_key, upload_key
from shared.queue.redis_options import COMMAND_RETRIES, CONNECTION_OPTIONS
from shared.queue.scripts import append_script_with_picture, is_oom_error, load_script
from worker.ports import Claim, QueueUnavailableError, Stage

log = logging.getLogger(__name__)

BUFFER_CUTOFF_BYTES = 6000
MAX_TICKETS = {Stage.PREPARE: 4, Stage.GENERATE: 64}  # one ticket prepares all that waits
MAX_CRASHES = 2
UNCLAIM_SECONDS = 600.0
RETRY_SECONDS = 2.0
MODEL_DISABLED_SECONDS = 3600
CLAIM_AGAIN = 1


def connect(url: str) -> redis.Redis:
    """Open a pool on `REDIS_URL`: redis://, rediss:// or unix://. Every command has a deadline and few repeats."""
    retry = Retry(ExponentialBackoff(cap=1, base=0.05), retries=COMMAND_RETRIES)
    client = redis.Redis.from_url(url, **CONNECTION_OPTIONS, retry=retry)
    packer = PythonRespSerializer(BUFFER_CUTOFF_BYTES, client.get_encoder().encode)  # hiredis' own copies every picture
    client.connection_pool.connection_kwargs["command_packer"] = packer
    return client


class RedisJobQueue:
    """`worker.ports.Queue` over Redis. Safe to share between threads.

    `send_ticket(lane)` is called where a verb made a job claimable. `lease` and `keep` are seconds: how long a claim
    holds without renewal, and how long the bytes of pictures are kept. A server that is frozen reads what was sent to
    it once it goes on, also claims that nobody waits for any more: their tokens are disowned for `DISOWN_SECONDS`.
    """

    def __init__(
        self,
        client: redis.Redis,
        send_ticket: Callable[[str], None],
        *,
        lease_seconds: float = 30,
        image_ttl_seconds: int = 86400,
    ) -> None:
        self._client = client
        self._send_ticket = send_ticket
        self._lease_ms = int(lease_seconds * 1000)
        self._image_ttl_ms = image_ttl_seconds * 1000
        self._claims: dict[str, Claim] = {}
        self._unclaimed_tokens: dict[tuple[Stage, str], float] = {}
        self._lock = threading.Lock()
        self._scripts = {
            name: client.register_script(load_script(name))
            for name in ("claim", "finish", "promote", "release", "renew", "start_call", "sweep", "unclaim")
        }

    def claim(self, stage: Stage) -> Claim | None:
        token = secrets.token_hex(8)
        try:
            found: Any = CLAIM_AGAIN
            while found == CLAIM_AGAIN:
                found = self._run_script("claim", stage, token, self._lease_ms)
        except QueueUnavailableError:
            self._unclaim_later(stage, token)
            raise
        if not found:
            return None
        _, written, doubts = found
        claim = Claim(stage, Job.model_validate_json(written), token, doubts)
        with self._lock:
            self._claims[token] = claim
        return claim

    def fetch_upload(self, job_id: str) -> bytes | None:
        return self._fetch_picture(upload_key(job_id))

    def fetch_prepared(self, job_id: str) -> bytes | None:
        return self._fetch_picture(prepared_key(job_id))

    def promote(self, claim: Claim, prepared: bytes) -> bool:
        moved = bool(self._run_script("promote", claim.job.id, claim.token, self._image_ttl_ms, picture=prepared))
        self._forget_claim(claim)
        if moved:
            self._send_ticket(GENERATE)
        return moved

    def start_call(self, claim: Claim) -> bool:
        begun = bool(self._run_script("start_call", claim.job.id, claim.token))
        if not begun:
            self._forget_claim(claim)
        return begun

    def release(self, claim: Claim, *, delay_seconds: float, is_unknown_call: bool, is_throttled: bool) -> bool:
        delay = int(delay_seconds * 1000)
        back = self._retry_until_stored(
            "release", claim.stage, claim.job.id, claim.token, delay, int(is_unknown_call), int(is_throttled)
        )
        self._forget_claim(claim)
        if back and not delay:
            self._send_ticket(claim.stage)
        return bool(back)

    def finish(self, claim: Claim, outcome: Outcome, picture: bytes | None = None) -> bool:
        took = int(outcome.duration_seconds * 1000) if isinstance(outcome, Generated) else 0
        facts = (claim.stage, claim.job.id, claim.token, outcome.model_dump_json(), self._image_ttl_ms, took)
        ended, *without_ticket = self._retry_until_stored("finish", *facts, picture=picture)
        self._forget_claim(claim)
        if without_ticket and without_ticket[0] > 0:
            self._send_ticket(claim.stage)
        return bool(ended)

    def disable_model(self, model: str, problem: Problem) -> None:
        with _translate_redis_errors():
            first = self._client.set(
                f"{KEY_PREFIX}off:{model}", problem.model_dump_json(), ex=MODEL_DISABLED_SECONDS, nx=True
            )
        if first:
            log.critical(
                "model %s is switched off for %d s: %s", model, MODEL_DISABLED_SECONDS, problem.format_message()
            )

    def renew_leases(self) -> None:
        """Renew every lease that is held here, and give back what was claimed without our hearing of it."""
        with self._lock:
            held = list(self._claims.values())
            now = time.monotonic()
            self._unclaimed_tokens = {claim: until for claim, until in self._unclaimed_tokens.items() if until > now}
            disowned = list(self._unclaimed_tokens)
        for lane in Stage:
            tokens = [word for claim in held if claim.stage == lane for word in (claim.job.id, claim.token)]
            if tokens:
                self._run_script("renew", lane, self._lease_ms, *tokens)
            unheard = [token for of, token in disowned if of == lane]
            if unheard and (back := self._run_script("unclaim", lane, *unheard)):
                log.info("%d of %s given back, as if never claimed", back, lane)

    def sweep(self, models: Iterable[Model]) -> None:
        """Bring back what was left behind and send the tickets that are missing."""
        rows = [word for m in models for word in (m.key, m.concurrency, 60_000 // m.per_minute if m.per_minute else 0)]
        gave_up = Failed(problem=make_problem("gave_up", count=MAX_CRASHES)).model_dump_json()
        lost = Failed(problem=make_problem("lost")).model_dump_json()
        for lane in Stage:
            facts = (
                lane,
                ticket_list_key(lane),
                MAX_TICKETS[lane],
                MAX_CRASHES,
                gave_up,
                lost,
                self._lease_ms,
                self._image_ttl_ms,
            )
            tickets, back, failed = self._run_script("sweep", *facts, *(rows if lane == GENERATE else ()))
            if back or failed:
                log.info("sweep of %s: %d brought back, %d ended as failed", lane, back, failed)
            for _ in range(tickets):
                self._send_ticket(lane)

    def return_claim(self, claim: Claim) -> None:
        self._unclaim_later(claim.stage, claim.token)
        self._forget_claim(claim)

    def _unclaim_later(self, stage: Stage, token: str) -> None:
        with self._lock:
            self._unclaimed_tokens[stage, token] = time.monotonic() + UNCLAIM_SECONDS

    def _forget_claim(self, claim: Claim) -> None:
        with self._lock:
            self._claims.pop(claim.token, None)

    def _fetch_picture(self, key: str) -> bytes | None:
        with _translate_redis_errors():
            return join_chunks(cast("list[bytes]", self._client.lrange(key, 0, -1)))

    def _run_script(self, name: str, *arguments: Any, picture: bytes | None = None) -> Any:
        script = self._scripts[name]
        with _translate_redis_errors():
            if picture:
                try:
                    return self._run_script_with_picture(script, arguments, picture)
                except RedisError as error:
                    if not is_oom_error(error):
                        raise
            return script(keys=[KEY_PREFIX], args=[*arguments, *split_into_chunks(picture or b"")])

    def _run_script_with_picture(self, script: Script, arguments: Sequence[Any], picture: bytes) -> Any:
        transaction = self._client.pipeline()
        append_script_with_picture(transaction, script.sha, arguments, picture)
        try:
            _, answer, _ = transaction.execute()
        except NoScriptError:
            self._client.script_load(script.script)
            return self._run_script_with_picture(script, arguments, picture)
        return answer

    def _retry_until_stored(self, name: str, *arguments: Any, picture: bytes | None = None) -> Any:
        """Run a script until it is done: what was paid for is not dropped because Redis is away."""
        while True:
            try:
                return self._run_script(name, *arguments, picture=picture)
            except QueueUnavailableError as away:
                log.warning("job %s: its %s is tried until it is stored: %s", arguments[1], name, away)
                time.sleep(RETRY_SECONDS)


@contextlib.contextmanager
def _translate_redis_errors() -> Iterator[None]:
    try:
        yield
    except RedisError as error:
        raise QueueUnavailableError(f"Redis does not answer as it should ({type(error).__name__}: {error})") from error
