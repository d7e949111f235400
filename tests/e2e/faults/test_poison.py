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

from demo.__main__ import SAMPLE
from demo.processes import ROOT
from tests.e2e.asker import media_of, until
from tests.e2e.faults.confinement import Confinement, confinement
from tests.e2e.faults.gate import Gate
from tests.e2e.faults.stage import Stage, open_stage

# A worker whose codec reads address 0 where a picture is 666 pixels wide.
FAULTY = """
import ctypes
from PIL.PngImagePlugin import PngImageFile
from worker.__main__ import main
sound = PngImageFile.load
PngImageFile.load = lambda picture: ctypes.string_at(0) if picture.width == 666 else sound(picture)
main([])
"""
# A worker that joins a control group of the kernel's before it begins.
CONFINED = """
import os, sys
from pathlib import Path
Path(sys.argv[1]).write_text(str(os.getpid()))
from worker.__main__ import main
main([])
"""
# A worker that may use so many addresses: asked for more, the C library says no.
BOUNDED = """
from tests.fuzz.limited import limit_memory
from worker.__main__ import main
limit_memory(300 << 20)
main([])
"""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with open_stage(tmp_path_factory.mktemp("poison"), start=("bot",)) as opened:
        yield opened


@pytest.fixture(scope="module")
def poison(stage: Stage) -> str:
    """A job whose workers were killed while they prepared it, held by the gate before they could store anything."""
    with Gate(stage.server.port) as gate:
        worker = stage.start_worker(gate.url)
        stage.picture_of(stage.ask("a warm hearth"))
        gate.hold("request", "promote")
        job = stage.ask("poison")
        for _ in range(2):
            assert gate.met.wait(20)
            gate.hold("request", "promote")
            stage.kill(worker)
            worker = stage.start_worker(gate.url)
        stage.ending(job)
        gate.open()
    stage.kill(worker)
    return job


def dead_letters(stage: Stage, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "worker", "dead-letters", *arguments],
        env={**stage.house.environment, "PYTHONPATH": str(ROOT)},
        cwd=stage.folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def listed(stage: Stage) -> list[dict[str, Any]]:
    letters: list[dict[str, Any]] = json.loads(dead_letters(stage, "list", "--json").stdout)
    return letters


def test_its_owner_is_told_and_nothing_is_paid(stage: Stage, poison: str) -> None:
    told = stage.words_of(poison)

    assert "tried 2 times" in told
    assert stage.calls("poison") == []


def test_the_operator_sees_what_was_set_aside_with_its_picture(stage: Stage, poison: str, tmp_path: Path) -> None:
    [letter] = listed(stage)
    table = dead_letters(stage, "list")
    shown = dead_letters(stage, "show", poison, "--out", str(tmp_path / "poison.jpg"))

    assert (letter["id"], letter["problem"], letter["lane"], letter["claims"]) == (poison, "gave_up", "prepare", 2)
    assert poison in table.stdout
    assert shown.returncode == 0, shown.stderr
    assert '"text": "poison"' in shown.stdout
    assert (tmp_path / "poison.jpg").read_bytes() == SAMPLE.read_bytes()


@pytest.mark.parametrize("command", ["show", "retry", "drop"])
def test_what_is_not_set_aside_is_said_in_words(stage: Stage, poison: str, command: str) -> None:
    done = dead_letters(stage, command, "404")

    assert done.returncode == 1
    assert "Job 404 is not set aside." in done.stderr
    assert dead_letters(stage, command).returncode == 2


def test_a_redis_that_is_not_there_is_said_in_words(stage: Stage) -> None:
    away = [sys.executable, "-m", "worker", "dead-letters", "list"]
    environment = {**stage.house.environment, "PYTHONPATH": str(ROOT), "REDIS_URL": "redis://127.0.0.1:1/0"}

    done = subprocess.run(away, env=environment, cwd=stage.folder, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert "REDIS_URL" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_retry_is_a_job_of_its_own_that_is_answered_in_the_same_thread(stage: Stage, poison: str) -> None:
    until(lambda: stage.client.hget(f"pentimento:job:{poison}", "state") == b"delivered", "the apology acknowledged")
    retried = json.loads(dead_letters(stage, "retry", poison, "--json").stdout)
    stage.start_worker()
    asker = stage.asked.pop(poison)
    thread = asker.status(poison)["thread"]["id"]

    _, second = until(lambda: asker.messages(thread) if len(asker.messages(thread)) == 2 else None, "a second answer")

    assert retried["queued"] == f"{poison}-r1"
    assert len(media_of(second)) == 1
    assert stage.billed("poison") == 1
    assert listed(stage) == []


def test_what_is_dropped_is_forgotten(stage: Stage) -> None:
    stage.client.hset(
        "pentimento:dead:7",
        mapping={
            "job": stage.client.hget(f"pentimento:job:{next(iter(stage.asked))}", "job") or b"",
            "lane": "generate",
            "claims": 2,
            "calls": 2,
            "at": 0,
            "outcome": '{"kind":"failed","problem":{"code":"lost","facts":{}}}',
        },
    )
    stage.client.set("pentimento:dead:7:picture", b"picture")
    stage.client.zadd("pentimento:dead", {"7": 0})

    done = dead_letters(stage, "drop", "7")

    assert done.returncode == 0
    assert "dropped" in done.stdout
    assert stage.client.keys("pentimento:dead*") == []


@pytest.fixture
def confined(stage: Stage) -> Iterator[Confinement]:
    with confinement(192 << 20) as group:
        yield group
        stop_all(stage)


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A picture that a worker of 192 MiB has no memory for: 25 megapixels, 250 MiB while it is made smaller."""
    Image.new("RGBA", (5000, 5000), (128, 0, 0, 128)).save(tmp_path / "large.png")
    return tmp_path / "large.png"


def test_a_segmentation_fault_in_a_codec_is_survived_by_the_jobs_of_others(stage: Stage, tmp_path: Path) -> None:
    Image.new("RGB", (666, 640), "maroon").save(tmp_path / "faulty.png")

    died = die_of(stage, tmp_path / "faulty.png", ("-c", FAULTY))

    assert died == [-signal.SIGSEGV] * 2


def test_a_worker_that_the_kernel_kills_for_want_of_memory_is_survived_by_the_jobs_of_others(
    stage: Stage, large: Path, confined: Confinement
) -> None:
    died = die_of(stage, large, ("-c", CONFINED, str(confined.processes)))

    assert died == [-signal.SIGKILL] * 2
    assert confined.kills() == 2


def test_a_picture_that_memory_is_refused_for_ends_in_words_and_the_worker_goes_on(stage: Stage, large: Path) -> None:
    stop_all(stage)
    worker = stage.start_worker(arguments=("-c", BOUNDED))

    told = stage.words_of(stage.ask("a large picture", image=large))

    assert "The bot has a fault of its own." in told
    stage.picture_of(stage.ask("a neighbour", "grace"))
    assert worker.running
    assert "MemoryError" in worker.log.read_text()
    assert stage.calls("a large picture") == []


def die_of(stage: Stage, picture: Path, arguments: tuple[str, ...]) -> list[int]:
    """Let workers die of a picture; tell how, when its owner was told and the others have theirs."""
    stop_all(stage)
    prompt = f"a {picture.stem} picture"
    job, others, exits = stage.ask(prompt, image=picture), [], []
    for user in ("grace", "linus"):
        worker = stage.start_worker(arguments=arguments, wait=False)
        until(lambda: not worker.running, "a worker that died", 40)  # noqa: B023 - asked within the round
        exits.append(worker.stop())
        others.append(stage.ask("a neighbour", user))
    stage.start_worker(arguments=arguments)

    assert "tried 2 times" in stage.words_of(job)
    for other in others:
        stage.picture_of(other)
    assert job in {letter["id"] for letter in listed(stage)}
    assert stage.calls(prompt) == []
    return exits


def stop_all(stage: Stage) -> None:
    for worker in stage.workers:
        worker.stop()
