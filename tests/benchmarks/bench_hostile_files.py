"""`hostile`: files made to break decoders and large ones of common devices, in CPU and in memory.

Each is rejected or shown, by a process of their own.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from demo.processes import ROOT
from tests.benchmarks.baselines import prepare_image
from tests.benchmarks.measurements import measure_alternately, measure_cpu_ms
from tests.benchmarks.ratios import Ratio, compute_ratio
from tests.benchmarks.sample_images import make_large_images, make_uploads
from tests.fuzz.samples import make_hostile_files
from tests.support.hostile_images import HOSTILE_FILES

MAX_MIB = 400.0


def measure(quick: bool) -> list[Ratio]:
    """Hold the dearest file against a straight line through a JPEG of 48 MP, the most memory against `MIB`."""
    peaks: list[float] = []
    dearest = ""

    def cpu_of_the_dearest() -> float:
        nonlocal dearest
        lines = prepare_in_subprocess(files)
        peaks.append(max(float(line["peak_mib"]) for line in lines.values()))
        dearest = max(lines, key=lambda name: lines[name]["seconds"])
        return float(lines[dearest]["seconds"]) * 1000

    files = {name: data for name, (data, _) in (make_hostile_files() | HOSTILE_FILES).items()}
    floor_of = partial(measure_cpu_ms, partial(prepare_image, make_uploads()["JPEG 48 MP"]), 2)
    ours, floor = measure_alternately(3 if quick else 9, cpu_of_the_dearest, floor_of)
    cpu = f"{median(ours):.0f} ms against {median(floor):.0f}; dearest of {len(files)}: {dearest}"
    memory = f"{median(peaks):.0f} MiB, Python and Pillow included, against {MAX_MIB:g}"
    return [
        compute_ratio("hostile[CPU]", ours, floor, 2, note=cpu),
        compute_ratio("hostile[memory]", peaks, [MAX_MIB] * len(peaks), 1, note=memory),
        measure_large_images(),
    ]


def measure_large_images() -> Ratio:
    """Hold the peak of each large image of a common device, in a process of its own, against `MAX_MIB`."""
    lines = {name: prepare_in_subprocess({name: data})[name] for name, data in make_large_images().items()}
    assert {line["outcome"] for line in lines.values()} == {"shown"}, lines
    peaks = {name: float(line["peak_mib"]) for name, line in lines.items()}
    largest = max(peaks, key=peaks.__getitem__)
    note = f"{peaks[largest]:.0f} MiB against {MAX_MIB:g}; largest of {len(peaks)}: {largest}"
    return compute_ratio("hostile[large images]", [peaks[largest]], [MAX_MIB], 1, note=note)


def prepare_in_subprocess(files: Mapping[str, bytes]) -> Mapping[str, Mapping[str, Any]]:
    """Give them all to `tests.fuzz.memory_limit`; the answer is its last line on each."""
    with tempfile.TemporaryDirectory(prefix="pentimento-hostile-") as name:
        for number, data in enumerate(files.values()):
            (Path(name) / f"{number:03}").write_bytes(data)
        command = [sys.executable, "-m", "tests.fuzz.memory_limit", name]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=120)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    told = {line["name"]: line for line in lines if "outcome" in line}
    assert not [line for line in told.values() if line["outcome"].startswith("!")], told
    return {name: told[f"{number:03}"] for number, name in enumerate(files)}
