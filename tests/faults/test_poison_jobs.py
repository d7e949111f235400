"""A job that kills its workers is tried twice, then becomes a dead letter; its owner gets a message."""

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
from shared.queue.keys import DEFAULT_KEYS
from tests.support.fault_stack import FaultStack, open_fault_stack
from tests.support.memory_cgroup import MemoryCgroup, create_memory_cgroup
from tests.support.operator import run_worker_command
from tests.support.redis_proxy import RedisProxy
from tests.support.user import list_custom_ids, list_media, wait_until

# A worker whose codec reads address 0 if an image is 666 pixels wide.
CRASHING_WORKER = """
import ctypes
from PIL.PngImagePlugin import PngImageFile
from worker.__main__ import main
sound = PngImageFile.load
PngImageFile.load = lambda picture: ctypes.string_at(0) if picture.width == 666 else sound(picture)
main([])
"""
# A worker that joins a control group before it starts.
CONFINED_WORKER = """
import os, sys
from pathlib import Path
Path(sys.argv[1]).write_text(str(os.getpid()))
from worker.__main__ import main
main([])
"""
# A worker with a limited address space: beyond it, allocations fail.
MEMORY_LIMITED_WORKER = """
from tests.fuzz.memory_limit import limit_memory
from worker.__main__ import main
limit_memory(300 << 20)
main([])
"""


@pytest.fixture(scope="module")
def fault_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultStack]:
    with open_fault_stack(tmp_path_factory.mktemp("poison"), start=("bot",)) as opened:
        yield opened


@pytest.fixture(scope="module")
def poison_job(fault_stack: FaultStack) -> str:
    """A job whose workers were killed after preparing it, held back by the proxy before they could store it."""
    with RedisProxy(fault_stack.server.port) as redis_proxy:
        worker = fault_stack.start_worker(redis_proxy.url)
        fault_stack.assert_image_posted(fault_stack.submit_imagine("a warm hearth"))
        redis_proxy.hold_script("request", "promote")
        job = fault_stack.submit_imagine("poison")
        for _ in range(2):
            assert redis_proxy.held_event.wait(20)
            redis_proxy.hold_script("request", "promote")
            fault_stack.kill_worker(worker)
            worker = fault_stack.start_worker(redis_proxy.url)
        fault_stack.wait_for_result(job)
        redis_proxy.release()
    fault_stack.kill_worker(worker)
    return job


def run_dead_letters(fault_stack: FaultStack, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run_worker_command(fault_stack.stack, fault_stack.folder, "dead-letters", *arguments)


def list_dead_letters(fault_stack: FaultStack) -> list[dict[str, Any]]:
    letters: list[dict[str, Any]] = json.loads(run_dead_letters(fault_stack, "list", "--json").stdout)
    return letters


def test_the_owner_of_a_poison_job_gets_a_message_and_nothing_is_billed(
    fault_stack: FaultStack, poison_job: str
) -> None:
    told = fault_stack.wait_for_result_text(poison_job)

    assert "stopped 2 times" in told
    assert fault_stack.list_calls("poison") == []


def test_the_operator_sees_dead_letters_with_their_images(
    fault_stack: FaultStack, poison_job: str, tmp_path: Path
) -> None:
    [letter] = list_dead_letters(fault_stack)
    table = run_dead_letters(fault_stack, "list")
    shown = run_dead_letters(fault_stack, "show", poison_job, "--out", str(tmp_path / "poison.jpg"))

    assert (letter["id"], letter["problem"], letter["stage"], letter["claims"]) == (
        poison_job,
        "worker_crashed",
        "prepare",
        2,
    )
    assert poison_job in table.stdout
    assert shown.returncode == 0, shown.stderr
    assert '"text": "poison"' in shown.stdout
    assert (tmp_path / "poison.jpg").read_bytes() == SAMPLE_IMAGE.read_bytes()


@pytest.mark.parametrize("command", ["show", "retry", "drop"])
def test_an_unknown_dead_letter_is_reported_with_a_message(
    fault_stack: FaultStack, poison_job: str, command: str
) -> None:
    done = run_dead_letters(fault_stack, command, "404")

    assert done.returncode == 1
    assert "Job 404 is not a dead letter." in done.stderr
    assert run_dead_letters(fault_stack, command).returncode == 2


def test_an_unreachable_redis_is_reported_without_a_traceback(fault_stack: FaultStack) -> None:
    away = [sys.executable, "-m", "worker", "dead-letters", "list"]
    environment = {**fault_stack.stack.environment, "PYTHONPATH": str(ROOT), "REDIS_URL": "redis://127.0.0.1:1/0"}

    done = subprocess.run(away, env=environment, cwd=fault_stack.folder, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert "REDIS_URL" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_retried_dead_letter_is_a_new_job_whose_result_is_posted_in_the_same_thread(
    fault_stack: FaultStack, poison_job: str
) -> None:
    wait_until(
        lambda: fault_stack.client.hget(DEFAULT_KEYS.job_key(poison_job), "state") == b"delivered",
        "the apology acknowledged",
    )
    retried = json.loads(run_dead_letters(fault_stack, "retry", poison_job, "--json").stdout)
    fault_stack.start_worker()
    requester = fault_stack.requesters.pop(poison_job)
    thread = requester.wait_for_status(poison_job)["thread"]["id"]

    _, second = wait_until(
        lambda: requester.list_messages(thread) if len(requester.list_messages(thread)) == 2 else None,
        "a second answer",
    )

    assert any(custom_id.endswith(f":{retried['queued']}") for custom_id in list_custom_ids(second))
    assert len(list_media(second)) == 1
    asked = requester.press_button(second, "details")
    assert retried["queued"] in requester.wait_for_private_text(asked)
    assert fault_stack.count_billed_calls("poison") == 1
    assert list_dead_letters(fault_stack) == []


def test_a_dropped_dead_letter_is_deleted(fault_stack: FaultStack) -> None:
    fault_stack.client.hset(
        DEFAULT_KEYS.dead_letter_key("7"),
        mapping={
            "job": fault_stack.client.hget(DEFAULT_KEYS.job_key(next(iter(fault_stack.requesters))), "job") or b"",
            "stage": "generate",
            "claims": 2,
            "calls": 2,
            "failed_at": 0,
            "outcome": '{"kind":"failed","problem":{"code":"interrupted","facts":{}}}',
        },
    )
    fault_stack.client.rpush(DEFAULT_KEYS.dead_letter_picture_key("7"), b"picture")
    fault_stack.client.zadd(DEFAULT_KEYS.dead_letters, {"7": 0})

    done = run_dead_letters(fault_stack, "drop", "7")

    assert done.returncode == 0
    assert "dropped" in done.stdout
    assert fault_stack.client.keys(f"{DEFAULT_KEYS.prefix}dead_letter*") == []


@pytest.fixture
def memory_cgroup(fault_stack: FaultStack) -> Iterator[MemoryCgroup]:
    with create_memory_cgroup(192 << 20) as group:
        yield group
        stop_workers(fault_stack)


@pytest.fixture
def large_image(tmp_path: Path) -> Path:
    """An image that needs more memory than 192 MiB: 25 megapixels, 250 MiB while it is resized."""
    Image.new("RGBA", (5000, 5000), (128, 0, 0, 128)).save(tmp_path / "large.png")
    return tmp_path / "large.png"


def test_other_jobs_survive_a_segmentation_fault_in_a_codec(fault_stack: FaultStack, tmp_path: Path) -> None:
    Image.new("RGB", (666, 640), "maroon").save(tmp_path / "faulty.png")

    exit_codes = crash_workers_with(fault_stack, tmp_path / "faulty.png", ("-c", CRASHING_WORKER))

    assert exit_codes == [-signal.SIGSEGV] * 2


def test_other_jobs_survive_a_worker_killed_for_lack_of_memory(
    fault_stack: FaultStack, large_image: Path, memory_cgroup: MemoryCgroup
) -> None:
    exit_codes = crash_workers_with(fault_stack, large_image, ("-c", CONFINED_WORKER, str(memory_cgroup.procs_file)))

    assert exit_codes == [-signal.SIGKILL] * 2
    assert memory_cgroup.count_oom_kills() == 2


def test_an_image_too_large_for_memory_fails_with_a_message_and_the_worker_continues(
    fault_stack: FaultStack, large_image: Path
) -> None:
    stop_workers(fault_stack)
    worker = fault_stack.start_worker(arguments=("-c", MEMORY_LIMITED_WORKER))

    told = fault_stack.wait_for_result_text(fault_stack.submit_imagine("a large picture", image=large_image))

    assert "Something went wrong. It's the bot's fault" in told
    fault_stack.assert_image_posted(fault_stack.submit_imagine("a neighbour", "grace"))
    assert worker.is_running
    assert "MemoryError" in worker.log.read_text()
    assert fault_stack.list_calls("a large picture") == []


def crash_workers_with(fault_stack: FaultStack, picture: Path, arguments: tuple[str, ...]) -> list[int]:
    """Let two workers crash on an image; return their exit codes once all jobs have results."""
    stop_workers(fault_stack)
    prompt = f"a {picture.stem} picture"
    job, others, exits = fault_stack.submit_imagine(prompt, image=picture), [], []
    for user in ("grace", "linus"):
        worker = fault_stack.start_worker(arguments=arguments, wait=False)
        wait_until(lambda: not worker.is_running, "a worker that died", 40)  # noqa: B023 - asked within the round
        exits.append(worker.stop())
        others.append(fault_stack.submit_imagine("a neighbour", user))
    fault_stack.start_worker(arguments=arguments)

    assert "stopped 2 times" in fault_stack.wait_for_result_text(job)
    for other in others:
        fault_stack.assert_image_posted(other)
    assert job in {letter["id"] for letter in list_dead_letters(fault_stack)}
    assert fault_stack.list_calls(prompt) == []
    return exits


def stop_workers(fault_stack: FaultStack) -> None:
    for worker in fault_stack.workers:
        worker.stop()
