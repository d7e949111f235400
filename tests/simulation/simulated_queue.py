"""The queue of bot and worker with their real scripts on a real Redis, whose clock the simulation moves.

Redis's TIME cannot be set, so the one function of the scripts that reads it is replaced by one that reads a key.
"""

from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from bot.domain.status import OutcomeEntry
from bot.queue.connection import connect_to_redis as connect_bot
from bot.queue.job_queue import RedisJobQueue as BotJobQueue
from bot.queue.limits import Limits
from bot.queue.outcomes import RedisOutcomeStream
from bot.services import read_limits
from bot.settings import Settings as BotSettings
from shared.catalogue import Catalogue
from shared.job import Job
from shared.outcome import Outcome
from shared.pictures.reference import PictureReference
from shared.queue.scripts import append_script_with_picture, get_script_reply, load_script
from shared.queue.stages import Stage
from tests.simulation.arrivals import YEAR_START
from tests.support.redis_queue import send_no_ticket
from worker.ports import Claim
from worker.queue.connection import QueueRedis
from worker.queue.connection import connect_to_redis as connect_worker
from worker.queue.job_queue import RedisJobQueue as WorkerJobQueue
from worker.queue.scripts import ScriptRunner as WorkerScriptRunner

SERVER_TIME: Final = """\
local function get_server_time()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
"""
SIMULATED_TIME: Final = """\
local function get_server_time()
  return tonumber(redis.call('GET', key('simulated_ms')))
end
"""
SCRIPTS: Final = (
    "accept",
    "cancel",
    "claim",
    "epoch",
    "finish",
    "mark_delivered",
    "promote",
    "record_failed_call",
    "release",
    "start_call",
    "sweep",
)
LEASE_SECONDS: Final = 3600
"""No worker dies in the simulation, so leases are not renewed: they are longer than all calls."""

PICTURE: Final = b"a picture"
"""Pictures are short here; the memory of real ones is added by their size."""

T = TypeVar("T")


class ClockReplacementError(Exception):
    """The scripts read Redis's clock in another way than the simulation replaces. Adapt `SERVER_TIME`."""


def replace_clock(script: str) -> str:
    """Replace the clock of a script. Raises `ClockReplacementError` unless exactly one function reads it."""
    replaced = script.replace(SERVER_TIME, SIMULATED_TIME)
    if script.count(SERVER_TIME) != 1 or "'TIME'" in replaced or '"TIME"' in replaced:
        raise ClockReplacementError(ClockReplacementError.__doc__)
    return replaced


def get_default_limits() -> Limits:
    """Return the limits that the settings of the bot have by default."""
    return read_limits(BotSettings.model_construct())  # reads no variable


class SimulatedScriptRunner(WorkerScriptRunner):
    """Runs scripts at a simulated time, and reads the stream of outcomes behind each, in one round trip."""

    def __init__(self, client: QueueRedis, clock: "SimulatedClock", *names: str) -> None:
        super().__init__(client, *names)
        self._clock = clock
        self._scripts = {name: client.register_script(replace_clock(load_script(name))) for name in names}
        for script in self._scripts.values():
            client.script_load(script.script)

    def run(self, name: str, *arguments: Any, picture: bytes | PictureReference | None = None) -> Any:
        script, names = self._scripts[name], self._client.names
        pipeline = self._client.pipeline(transaction=picture is not None)
        pipeline.set(f"{names.prefix}simulated_ms", self._clock.unix_ms)
        if picture is None:
            pipeline.evalsha(script.sha, 1, names.prefix, *arguments)
        else:
            append_script_with_picture(pipeline, names, script, arguments, picture)
        pipeline.xrange(names.outcome_stream)
        _, *replies, self._clock.outcomes = pipeline.execute()
        return replies[0] if picture is None else get_script_reply(replies)


@dataclass
class SimulatedClock:
    """The time of the simulation, in seconds from the start of the year, and the outcomes that were seen last."""

    seconds: float = 0.0
    outcomes: list[tuple[bytes, dict[bytes, bytes]]] = field(default_factory=list)

    @property
    def unix_ms(self) -> int:
        """The time as Redis's clock would say it."""
        return round((YEAR_START + self.seconds) * 1000)


class _BotScriptRunner:
    """Runs the scripts of the bot by the blocking client: nothing else happens meanwhile."""

    def __init__(self, runner: WorkerScriptRunner) -> None:
        self._runner = runner

    async def run(self, name: str, *arguments: Any, picture: bytes | PictureReference | None = None) -> Any:
        return self._runner.run(name, *arguments, picture=picture)


class SimulatedQueue:
    """Bot and workers of one queue, on an empty Redis. Times are seconds from the start of the year."""

    def __init__(self, url: str, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self.clock = SimulatedClock()
        self.client = connect_worker(url)
        self.client.flushall()
        self._bot = BotJobQueue(
            connect_bot(url), catalogue=catalogue, build_ticket=send_no_ticket, limits=get_default_limits()
        )
        self._outcomes = RedisOutcomeStream(connect_bot(url), catalogue)
        self._worker = WorkerJobQueue(self.client, lambda _: None, lease_seconds=LEASE_SECONDS)
        runner = SimulatedScriptRunner(self.client, self.clock, *SCRIPTS)
        self._worker._scripts = runner
        self._bot._scripts = self._outcomes._delivery_script = _BotScriptRunner(runner)  # type: ignore[assignment]
        runner.run("epoch", 1)
        self.sweep()

    def submit(self, job: Job) -> None:
        """Queue a job as the bot does, and prepare its picture at once. Raises `RejectedError`."""
        _run(self._bot.enqueue_job(job, PICTURE if job.request.has_picture else None))
        if job.request.has_picture:
            claim = self._worker.claim(Stage.PREPARE)
            if claim is None or not self._worker.promote(claim, PICTURE):
                msg = f"the picture of job {job.id} was not prepared"
                raise RuntimeError(msg)

    def claim(self) -> Claim | None:
        """Claim the fairest job, and record its call."""
        claim = self._worker.claim(Stage.GENERATE)
        if claim is not None and not self._worker.start_call(claim):
            msg = f"no call may be made for job {claim.job.id}"
            raise RuntimeError(msg)
        return claim

    def finish(self, claim: Claim, outcome: Outcome, picture: bytes | None = None) -> bool:
        """End a job; False if it had ended before."""
        return self._worker.finish(claim, outcome, picture)

    def release(self, claim: Claim, delay_seconds: float, *, is_unknown_call: bool, is_throttled: bool) -> None:
        """Return a job to the queue."""
        self._worker.release(
            claim, delay_seconds=delay_seconds, is_unknown_call=is_unknown_call, is_throttled=is_throttled
        )

    def record_failed_call(self, claim: Claim, pause_seconds: float) -> None:
        """Count a call that failed."""
        self._worker.record_failed_call(claim, pause_seconds=pause_seconds)

    def sweep(self) -> None:
        """Sweep both stages, as each worker does every second."""
        self._worker.sweep(self._catalogue)

    def deliver(self) -> list[str]:
        """Acknowledge all outcomes, and return the ids of their jobs."""
        delivered = []
        for entry_id, fields in self.clock.outcomes:
            job_id = fields[b"job_id"].decode()
            _run(self._outcomes.acknowledge_outcome(OutcomeEntry(entry_id.decode(), job_id), 1))
            delivered.append(job_id)
        return delivered

    def count_open_jobs(self) -> int:
        """Count the jobs whose outcomes are not delivered."""
        return self.client.zcard(self.client.names.open_jobs)

    def read_info(self, section: str) -> dict[str, Any]:
        """Read what the server reports of itself."""
        return dict(self.client.info(section))

    def close(self) -> None:
        """Close the connection."""
        self.client.close()


def _run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that waits for nothing."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
    coroutine.close()
    raise RuntimeError("the simulation waits for nothing")
