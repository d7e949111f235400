"""Hostile pictures in a process of little memory: each is refused or shown, in time, and the process lives on."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from demo.processes import ROOT
from tests.fuzz.memory_limit import classify_outcome
from tests.fuzz.samples import encode_image, make_hostile_files, make_noise_image, make_valid_images
from tests.unit.worker.imaging.test_hostile_files import HOSTILE_FILES

MAX_PEAK_MIB = 500
MAX_SECONDS = 2.0


def run_python(*arguments: str, seconds: float = 60) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=seconds, check=False)


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Let one process of 1 GiB of addresses prepare all of them."""
    folder = tmp_path_factory.mktemp("hostile")
    files = {name: data for name, (data, _) in (HOSTILE_FILES | make_hostile_files()).items()} | make_valid_images()
    numbers = {f"{number:03d}": name for number, name in enumerate(files)}
    for number, name in numbers.items():
        (folder / number).write_bytes(files[name])
    ended = run_python("-m", "tests.fuzz.memory_limit", str(folder))
    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    assert ended.returncode == 0, (numbers[lines[-1]["name"]] if lines else "", ended.stderr[-500:])
    return {numbers[line["name"]]: line for line in lines if "said" in line}


@pytest.mark.parametrize("name", make_hostile_files())
def test_a_file_made_to_break_things_is_refused_or_shown_as_it_should(said: dict[str, Any], name: str) -> None:
    _, outcomes = make_hostile_files()[name]
    assert said[name]["said"] in outcomes


@pytest.mark.parametrize("name", make_valid_images())
def test_a_good_picture_is_shown_within_the_same_memory(said: dict[str, Any], name: str) -> None:
    assert said[name]["said"] == "shown"


def test_all_of_them_together_take_little_memory_and_each_little_time(said: dict[str, Any]) -> None:
    assert len(said) > 70
    assert not {name: line["said"] for name, line in said.items() if line["said"].startswith("!")}
    assert max(line["peak_mib"] for line in said.values()) < MAX_PEAK_MIB
    assert {name: line["seconds"] for name, line in said.items() if line["seconds"] > MAX_SECONDS} == {}


TINY_IMAGES = {kind: encode_image(make_noise_image(side=16), kind) for kind in ("PNG", "JPEG", "GIF", "WEBP", "AVIF")}


@pytest.mark.parametrize("kind", TINY_IMAGES)
def test_a_picture_cut_at_any_byte_is_refused_or_lacks_only_its_very_end(kind: str) -> None:
    data = TINY_IMAGES[kind]
    cut = {length: classify_outcome(data[:length]) for length in range(len(data))}

    assert set(cut.values()) <= {"shown", "truncated", "unreadable", "unsupported_type"}
    assert [length for length, said in cut.items() if said == "shown" and length < len(data) - 20] == []


def test_a_brief_fuzz_finds_nothing(tmp_path: Path) -> None:
    ended = run_python("-m", "tests.fuzz.fuzz_imaging", "--seconds", "4", "--seed", "7", "--keep", str(tmp_path))

    assert ended.returncode == 0, ended.stdout + ended.stderr[-500:]
    assert "nothing found" in ended.stdout


def test_what_takes_too_much_memory_is_found(tmp_path: Path) -> None:
    script = (
        "from tests.fuzz.memory_limit import limit_memory, classify_outcome\n"
        "import worker.imaging, tests.fuzz.memory_limit as l\n"
        "limit_memory()\nl.prepare_image = lambda *_: bytearray(2 << 30)\nprint(classify_outcome(b''))"
    )

    assert run_python("-c", script).stdout.startswith("!MemoryError")
