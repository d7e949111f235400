"""Hostile files in a process with little memory: each is rejected or shown, in time, and the process survives."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from demo.processes import ROOT
from tests.fuzz.memory_limit import classify_outcome
from tests.fuzz.samples import make_hostile_files, make_small_noise, make_valid_images
from tests.support.hostile_images import HOSTILE_FILES
from tests.support.images import encode_image

MAX_PEAK_MIB = 500
MAX_SECONDS = 2.0


def run_python(*arguments: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=timeout, check=False)


@pytest.fixture(scope="module")
def limited_results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Prepare all files in one process with 1 GiB of address space."""
    folder = tmp_path_factory.mktemp("hostile")
    files = {name: data for name, (data, _) in (HOSTILE_FILES | make_hostile_files()).items()} | make_valid_images()
    numbers = {f"{number:03d}": name for number, name in enumerate(files)}
    for number, name in numbers.items():
        (folder / number).write_bytes(files[name])
    process = run_python("-m", "tests.fuzz.memory_limit", str(folder))
    lines = [json.loads(line) for line in process.stdout.splitlines()]
    assert process.returncode == 0, (numbers[lines[-1]["name"]] if lines else "", process.stderr[-500:])
    return {numbers[line["name"]]: line for line in lines if "outcome" in line}


@pytest.mark.parametrize("name", make_hostile_files())
def test_a_hostile_file_has_a_permitted_outcome(limited_results: dict[str, Any], name: str) -> None:
    _, outcomes = make_hostile_files()[name]
    assert limited_results[name]["outcome"] in outcomes


@pytest.mark.parametrize("name", make_valid_images())
def test_a_valid_image_is_shown_within_the_same_memory(limited_results: dict[str, Any], name: str) -> None:
    assert limited_results[name]["outcome"] == "shown"


def test_all_files_together_take_little_memory_and_each_takes_little_time(limited_results: dict[str, Any]) -> None:
    assert len(limited_results) > 70
    assert [result for result in limited_results.values() if result["outcome"].startswith("!")] == []
    assert max(result["peak_mib"] for result in limited_results.values()) < MAX_PEAK_MIB
    assert [result for result in limited_results.values() if result["seconds"] > MAX_SECONDS] == []


TINY_IMAGES = {kind: encode_image(make_small_noise(side=16), kind) for kind in ("PNG", "JPEG", "GIF", "WEBP", "AVIF")}


@pytest.mark.parametrize("kind", TINY_IMAGES)
def test_an_image_cut_at_any_byte_is_rejected_unless_only_its_very_end_is_missing(kind: str) -> None:
    data = TINY_IMAGES[kind]
    outcomes = {length: classify_outcome(data[:length]) for length in range(len(data))}

    assert set(outcomes.values()) <= {"shown", "truncated", "unreadable", "unsupported_type"}
    assert [length for length, outcome in outcomes.items() if outcome == "shown" and length < len(data) - 20] == []


def test_a_brief_fuzz_finds_nothing(tmp_path: Path) -> None:
    process = run_python("-m", "tests.fuzz.fuzz_imaging", "--seconds", "4", "--seed", "7", "--keep", str(tmp_path))

    assert process.returncode == 0, process.stdout + process.stderr[-500:]
    assert "nothing found" in process.stdout


def test_excessive_memory_use_is_found(tmp_path: Path) -> None:
    script = (
        "from tests.fuzz.memory_limit import limit_memory, classify_outcome\n"
        "import tests.fuzz.memory_limit as module\n"
        "limit_memory()\nmodule.prepare_image = lambda *_: bytearray(2 << 30)\nprint(classify_outcome(b''))"
    )

    assert run_python("-c", script).stdout.startswith("!MemoryError")
