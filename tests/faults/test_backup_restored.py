"""A rehearsal: with work in every stage a backup is made, Discord goes on, all is lost, and a new machine is restored.

Nothing that was answered is answered or called again; what was in flight ends; the ledger has what was billed.
`make rehearsal` does so with an empty Redis and with an old copy of it, on SQLite and on PostgreSQL.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.domain.batches import BatchState
from demo.processes import ROOT, Process
from tests.support.bot_processes import clear_discord_faults, count_results, inject_discord_fault, read_job_field
from tests.support.exploration import wait_for_exploration_end
from tests.support.fault_stack import FaultStack, open_fault_stack
from tests.support.postgresql import SKIP_REASON, find_binaries, run_postgresql
from tests.support.records import query_records
from tests.support.redis_files import AOF_FOLDER, copy_redis_file
from tests.support.stored_batches import StoredBatches
from tests.support.user import DiscordUser, list_media, wait_until

IS_COMPLETE = bool(os.environ.get("REHEARSE_ALL"))
PATIENCE_SECONDS = 120.0
only_complete = pytest.mark.skipif(not IS_COMPLETE, reason="`make rehearsal` runs it")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=only_complete)])
def database_urls(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """The URLs of the database that is lost, and of the empty one of the new machine."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'records.db'}", f"sqlite:///{tmp_path / 'new' / 'records.db'}"
        return
    binaries = find_binaries()
    if binaries is None:
        pytest.skip(SKIP_REASON)
    with run_postgresql(binaries) as old, run_postgresql(binaries) as new:
        yield old, new


@pytest.fixture
def stage(tmp_path: Path, database_urls: tuple[str, str]) -> Iterator[FaultStack]:
    with open_fault_stack(
        tmp_path, start=("bot",), DATABASE_URL=database_urls[0], BEDROCK_CALL_SECONDS="300", MAX_RUNNING_PER_USER="2"
    ) as opened:
        yield opened


def run_bot_command(stage: FaultStack, *arguments: str) -> str:
    """Run a command of the bot as its operator does; it needs no token."""
    environment = {**stage.stack.environment, "PYTHONPATH": str(ROOT)}
    del environment["DISCORD_TOKEN"]
    command = [sys.executable, "-m", "bot", *arguments]
    done = subprocess.run(command, env=environment, cwd=stage.folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def lose_everything(stage: FaultStack, worker: Process) -> None:
    """Kill all processes, and delete what Redis has."""
    for process in (stage.stack.processes["bot"], worker):
        os.kill(process.pid, signal.SIGKILL)
        process.stop()
    os.kill(stage.server.pid, signal.SIGKILL)
    stage.server.stop()
    shutil.rmtree(stage.server.folder / AOF_FOLDER)


@dataclass(frozen=True)
class Work:
    """Requests that are open when the backup is made. Those `in_flight` and `unanswered` are still so at the end."""

    answered: Sequence[str]
    in_flight: Sequence[str]
    unanswered: str
    exploration: str
    variants: Sequence[str]
    batches: StoredBatches
    batch_id: str

    def is_batch_made(self) -> bool:
        return self.batches.read_state(self.batch_id) is BatchState.REVIEW


def ask_in_every_stage(stage: FaultStack, worker: Process) -> Work:
    """Bring requests into every stage, and stop the worker so that they stay there.

    The first calls of those in flight outlast the test; a second call of theirs would be as quick as others.
    """
    stack = stage.stack
    inject_discord_fault(stack, "status:503", "POST", r"/channels/\d+/messages$", times=100_000)
    stage.inject_bedrock_fault("slow:290", 2, "in flight")
    finished = stage.submit_imagine("finished", "grace")
    in_flight = [stage.submit_imagine("in flight", "linus", image=None) for _ in range(2)]
    wait_until(
        lambda: {read_job_field(stack, job) for job in in_flight} == {"running"}, "two calls, as many as a member may"
    )
    unanswered = stage.submit_imagine("unanswered", "linus", image=None)
    wait_until(lambda: read_job_field(stack, finished) == "finished", "an outcome that is not delivered")
    running = stage.submit_imagine("running [slow:3]", image=None)
    wait_until(lambda: {read_job_field(stack, job) for job in (running, *in_flight)} == {"running"}, "three calls")
    os.kill(worker.pid, signal.SIGSTOP)
    preparing = stage.submit_imagine("preparing", "grace")
    exploration = stage.submit_imagine("several", "grace", count=4, image=None)
    del stage.requesters[exploration]
    variants = [f"{exploration}-{number:02}" for number in range(1, 5)]
    batches = StoredBatches(stack)
    batch_id = batches.start(3)
    wait_until(lambda: read_job_field(stack, f"{batch_id}-003"), "the batch in the queue")
    stages = [read_job_field(stack, job) for job in (finished, running, unanswered, preparing, variants[0])]
    assert stages == ["finished", "running", "queued", "preparing", "queued"]
    return Work([finished, running, preparing], in_flight, unanswered, exploration, variants, batches, batch_id)


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    "has_redis_copy",
    [pytest.param(True, id="copy of Redis"), pytest.param(False, id="empty Redis", marks=only_complete)],
)
def test_a_restored_machine_answers_nothing_twice_and_ends_what_was_in_flight(
    stage: FaultStack, database_urls: tuple[str, str], tmp_path: Path, *, has_redis_copy: bool
) -> None:
    stack, worker = stage.stack, stage.start_worker()
    work = ask_in_every_stage(stage, worker)
    assert f"{len(stage.requesters) + 7} jobs" in run_bot_command(stage, "backup", str(tmp_path / "backups"))
    redis_copy = copy_redis_file(stage.server, tmp_path / "redis")

    os.kill(worker.pid, signal.SIGCONT)
    clear_discord_faults(stack)
    answered = [*work.answered, stage.submit_imagine("asked later", "grace", image=None)]
    known = [*answered, *work.variants]  # the delivery that failed waits for up to 30 s before it tries again
    wait_until(lambda: count_results(stack, *known) == [1] * len(known), "an answer for each", PATIENCE_SECONDS)
    wait_until(work.is_batch_made, "the pictures of the batch")
    assert count_results(stack, work.unanswered, *work.in_flight) == [0, 0, 0]
    calls = stage.list_all_calls()
    lose_everything(stage, worker)

    stack.environment["DATABASE_URL"] = database_urls[1]
    run_bot_command(stage, "restore", str(tmp_path / "backups"))
    if has_redis_copy:
        shutil.copytree(redis_copy, stage.server.folder / AOF_FOLDER)
    stage.server.start()
    stage.restart_bot()
    stage.start_worker()

    stage.assert_image_posted(work.unanswered)
    wait_until(lambda: count_results(stack, *work.in_flight) == [1, 1], "two pictures or notices", PATIENCE_SECONDS)
    for job in work.in_flight:  # with the copy, their first calls are known and of unknown fate
        assert len(list_media(stage.wait_for_result(job))) == (0 if has_redis_copy else 1), stage.wait_for_result_text(
            job
        )
    wait_until(work.is_batch_made, "the batch once more")
    wait_for_exploration_end(DiscordUser(stack, "grace"), work.exploration)
    is_open = "SELECT count(*) FROM jobs WHERE state IN ('accepted', 'queued')"
    wait_until(lambda: query_records(stack, is_open) == [(0,)], "no open record")
    all_jobs = [*known, *work.in_flight, work.unanswered]
    assert count_results(stack, *all_jobs) == [1] * len(all_jobs)
    prompts = [str(call["body"]) for call in stage.list_all_calls()[len(calls) :]]
    counts = {word: sum(word in prompt for prompt in prompts) for word in ("castle", "unanswered", "in flight")}
    assert counts == {
        "castle": 3,  # items of the batch, whose pictures were lost with the database
        "unanswered": 1,
        "in flight": 0 if has_redis_copy else 2,
    }
    assert sum(counts.values()) == len(prompts)
