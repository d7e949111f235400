"""A job that kills its workers is tried twice, then set aside for the operator, and its owner is told."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from demo.__main__ import SAMPLE_IMAGE
from demo.processes import ROOT
from shared.queue.keys import DEAD_LETTERS, KEY_PREFIX, dead_letter_key, dead_letter_picture_key, job_key
from tests.support.fault_stack import FaultStack, open_fault_stack
from tests.support.memory_cgroup import MemoryCgroup, create_memory_cgroup
from tests.support.redis_proxy import RedisProxy
from tests.support.user import list_media, wait_until

# A worker whose codec reads address 0 where a picture is 666 pixels wide.
CRASHING_WORKER = """
import ctypes
from PIL.PngImagePlugin import PngImageFile
from worker.__main__ import main
sound = PngImageFile.load
PngImageFile.load = lambda picture: ctypes.string_at(0) if picture.width == 666 else sound(picture)
main([])
"""
# A worker that joins a control group of the kernel's before it begins.
CONFINED_WORKER = """
import os, sys
from pathlib import Path
Path(sys.argv[1]).write_text(str(os.getpid()))
from worker.__main__ import main
main([])
"""
# A worker that may use so many addresses: asked for more, the C library says no.
MEMORY_LIMITED_WORKER = """
from tests.fuzz.memory_limit import limit_memory
from worker.__main__ import main
limit_memory(300 << 20)
main([])
"""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultStack]:
    with open_fault_stack(tmp_path_factory.mktemp("poison"), start=("bot",)) as opened:
        yield opened


@pytest.fixture(scope="module")
def poison(stage: FaultStack) -> str:
    """A job whose workers were killed while they prepared it, held by the gate before they could store anything."""
    with RedisProxy(stage.server.port) as gate:
        worker = stage.start_worker(gate.url)
        stage.assert_image_posted(stage.submit_imagine("a warm hearth"))
        gate.hold_script("request", "promote")
        job = stage.submit_imagine("poison")
        for _ in range(2):
            assert gate.held_event.wait(20)
            gate.hold_script("request", "promote")
            stage.kill_worker(worker)
            worker = stage.start_worker(gate.url)
        stage.wait_for_result(job)
        gate.release()
    stage.kill_worker(worker)
    return job


def run_dead_letters(stage: FaultStack, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "worker", "dead-letters", *arguments],
        env={**stage.stack.environment, "PYTHONPATH": str(ROOT)},
        cwd=stage.folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def list_dead_letters(stage: FaultStack) -> list[dict[str, Any]]:
    letters: list[dict[str, Any]] = json.loads(run_dead_letters(stage, "list", "--json").stdout)
    return letters


def test_its_owner_is_told_and_nothing_is_paid(stage: FaultStack, poison: str) -> None:
    told = stage.wait_for_result_text(poison)

    assert "tried 2 times" in told
    assert stage.list_calls("poison") == []


def test_the_operator_sees_what_was_set_aside_with_its_picture(stage: FaultStack, poison: str, tmp_path: Path) -> None:
    [letter] = list_dead_letters(stage)
    table = run_dead_letters(stage, "list")
    shown = run_dead_letters(stage, "show", poison, "--out", str(tmp_path / "poison.jpg"))

    assert (letter["id"], letter["problem"], letter["stage"], letter["claims"]) == (
        poison,
        "worker_crashed",
        "prepare",
        2,
    )
    assert poison in table.stdout
    assert shown.returncode == 0, shown.stderr
    assert '"text": "poison"' in shown.stdout
    assert (tmp_path / "poison.jpg").read_bytes() == SAMPLE_IMAGE.read_bytes()


@pytest.mark.parametrize("command", ["show", "retry", "drop"])
def test_what_is_not_set_aside_is_said_in_words(stage: FaultStack, poison: str, command: str) -> None:
    done = run_dead_letters(stage, command, "404")

    assert done.returncode == 1
    assert "Job 404 is not a dead letter." in done.stderr
    assert run_dead_letters(stage, command).returncode == 2


def test_a_redis_that_is_not_there_is_said_in_words(stage: FaultStack) -> None:
    away = [sys.executable, "-m", "worker", "dead-letters", "list"]
    environment = {**stage.stack.environment, "PYTHONPATH": str(ROOT), "REDIS_URL": "redis://127.0.0.1:1/0"}

    done = subprocess.run(away, env=environment, cwd=stage.folder, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert "REDIS_URL" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_retry_is_a_job_of_its_own_that_is_answered_in_the_same_thread(stage: FaultStack, poison: str) -> None:
    wait_until(lambda: stage.client.hget(job_key(poison), "state") == b"delivered", "the apology acknowledged")
    retried = json.loads(run_dead_letters(stage, "retry", poison, "--json").stdout)
    stage.start_worker()
    asker = stage.requesters.pop(poison)
    thread = asker.wait_for_status(poison)["thread"]["id"]

    _, second = wait_until(
        lambda: asker.list_messages(thread) if len(asker.list_messages(thread)) == 2 else None, "a second answer"
    )

    assert retried["queued"] == f"{poison}-r1"
    assert len(list_media(second)) == 1
    assert stage.count_billed_calls("poison") == 1
    assert list_dead_letters(stage) == []


def test_what_is_dropped_is_forgotten(stage: FaultStack) -> None:
    stage.client.hset(
        dead_letter_key("7"),
        mapping={
            "job": stage.client.hget(job_key(next(iter(stage.requesters))), "job") or b"",
            "stage": "generate",
            "claims": 2,
            "calls": 2,
            "failed_at": 0,
            "outcome": '{"kind":"failed","problem":{"code":"interrupted","facts":{}}}',
        },
    )
    stage.client.set(dead_letter_picture_key("7"), b"picture")
    stage.client.zadd(DEAD_LETTERS, {"7": 0})

    done = run_dead_letters(stage, "drop", "7")

    assert done.returncode == 0
    assert "dropped" in done.stdout
    assert stage.client.keys(f"{KEY_PREFIX}dead_letter*") == []


@pytest.fixture
def confined(stage: FaultStack) -> Iterator[MemoryCgroup]:
    with create_memory_cgroup(192 << 20) as group:
        yield group
        stop_workers(stage)


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A picture that a worker of 192 MiB has no memory for: 25 megapixels, 250 MiB while it is made smaller."""
    Image.new("RGBA", (5000, 5000), (128, 0, 0, 128)).save(tmp_path / "large.png")
    return tmp_path / "large.png"


def test_a_segmentation_fault_in_a_codec_is_survived_by_the_jobs_of_others(stage: FaultStack, tmp_path: Path) -> None:
    Image.new("RGB", (666, 640), "maroon").save(tmp_path / "faulty.png")

    died = crash_workers_with(stage, tmp_path / "faulty.png", ("-c", CRASHING_WORKER))

    assert died == [-signal.SIGSEGV] * 2


def test_a_worker_that_the_kernel_kills_for_want_of_memory_is_survived_by_the_jobs_of_others(
    stage: FaultStack, large: Path, confined: MemoryCgroup
) -> None:
    died = crash_workers_with(stage, large, ("-c", CONFINED_WORKER, str(confined.procs_file)))

    assert died == [-signal.SIGKILL] * 2
    assert confined.count_oom_kills() == 2


def test_a_picture_that_memory_is_refused_for_ends_in_words_and_the_worker_goes_on(
    stage: FaultStack, large: Path
) -> None:
    stop_workers(stage)
    worker = stage.start_worker(arguments=("-c", MEMORY_LIMITED_WORKER))

    told = stage.wait_for_result_text(stage.submit_imagine("a large picture", image=large))

    assert "Something went wrong. The fault is in the bot" in told
    stage.assert_image_posted(stage.submit_imagine("a neighbour", "grace"))
    assert worker.is_running
    assert "MemoryError" in worker.log.read_text()
    assert stage.list_calls("a large picture") == []


def crash_workers_with(stage: FaultStack, picture: Path, arguments: tuple[str, ...]) -> list[int]:
    """Let workers die of a picture; tell how, when its owner was told and the others have theirs."""
    stop_workers(stage)
    prompt = f"a {picture.stem} picture"
    job, others, exits = stage.submit_imagine(prompt, image=picture), [], []
    for user in ("grace", "linus"):
        worker = stage.start_worker(arguments=arguments, wait=False)
        wait_until(lambda: not worker.is_running, "a worker that died", 40)  # noqa: B023 - asked within the round
        exits.append(worker.stop())
        others.append(stage.submit_imagine("a neighbour", user))
    stage.start_worker(arguments=arguments)

    assert "tried 2 times" in stage.wait_for_result_text(job)
    for other in others:
        stage.assert_image_posted(other)
    assert job in {letter["id"] for letter in list_dead_letters(stage)}
    assert stage.list_calls(prompt) == []
    return exits


def stop_workers(stage: FaultStack) -> None:
    for worker in stage.workers:
        worker.stop()
