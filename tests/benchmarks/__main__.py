"""`make bench`: every figure as a ratio to a floor that the same run measured.

    python -m tests.benchmarks                 all of TOPICS
    python -m tests.benchmarks cpu_job worker  these alone

QUICK=1 in the environment measures fewer rounds. Writes `bench.json` and `bench.png` after each topic; topics that are
named replace their rows in `bench.json`, and the others stay. The last line of the output is the same JSON. Exit code
0, or 1 when something could not be measured, after the other topics: a goal that is missed is reported, no more. It is
reported as busy if other programs took more than a tenth of the cores meanwhile.
"""

import importlib
import json
import os
import platform
import re
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import PIL

from tests.benchmarks.chart import draw_chart
from tests.benchmarks.machine_load import MachineLoad
from tests.benchmarks.ratios import Ratio
from tests.benchmarks.results import RESULTS_FILE, Topic, format_report, list_rows, load_report, merge_rows, sort_rows

TOPICS = (
    "cpu_job",
    "signing",
    "cpu_edit",
    "memory_edit",
    "worker",
    "scale_out",
    "queue_overhead",
    "queue_depth",
    "claim_two_level",
    "ledger",
    "budget_accept",
    "records_million",
    "fairness",
    "redis_memory",
    "cpu_bot",
    "latency",
    "ack_burst",
    "images",
    "hostile_files",
    "cold_start",
    "idle_footprint",
)
"""Each a module `bench_<topic>` of this folder with `measure(quick) -> list[Ratio]`."""


def describe_machine() -> Mapping[str, str | int]:
    """Describe the machine and the date of the measurement."""
    facts = Path("/proc/cpuinfo")
    named = re.search(r"model name\s*: (.+)", facts.read_text(encoding="utf-8")) if facts.exists() else None
    return {
        "cpu": named[1] if named else platform.processor(),
        "cores": len(os.sched_getaffinity(0)),
        "system": platform.platform(),
        "python": platform.python_version(),
        "pillow": PIL.__version__,
        "date": datetime.now(UTC).date().isoformat(),
    }


def measure_topic(topic: str, *, quick: bool) -> list[Ratio] | None:
    """Return a topic's rows, or None after printing a traceback to stderr."""
    started, load = time.monotonic(), MachineLoad.begin()
    try:
        rows: list[Ratio] = importlib.import_module(f"tests.benchmarks.bench_{topic}").measure(quick)
    except Exception:  # noqa: BLE001 - an error in one topic must not stop the others
        print(f"{topic} could not be measured:\n{traceback.format_exc()}", file=sys.stderr)
        return None
    share = load.measure_other_share()
    seconds = time.monotonic() - started
    print(f"{topic}: {len(rows)} rows in {seconds:.0f} s, others took {share:.0%} of the cores", file=sys.stderr)
    return [replace(row, other_share=share) for row in rows]


def main(wanted: Sequence[str]) -> int:
    """Measure the topics; what is measured is written after each of them."""
    unknown = set(wanted) - set(TOPICS)
    if unknown:
        print(f"There is no {', '.join(sorted(unknown))}. The topics are: {', '.join(TOPICS)}.", file=sys.stderr)
        return 2
    quick, machine = bool(os.environ.get("QUICK")), describe_machine()
    report = load_report(RESULTS_FILE) if wanted else {"machine": machine, "ratios": {}}
    failed: list[str] = []
    for topic in wanted or TOPICS:
        started = time.monotonic()
        measured = measure_topic(topic, quick=quick)
        if measured is None:
            failed.append(topic)
            continue
        report = sort_rows(
            merge_rows(report, machine, Topic(topic, quick, time.monotonic() - started), measured), TOPICS
        )
        RESULTS_FILE.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        draw_chart(list_rows(report), "{cpu}, {cores} cores, {date}".format(**machine)).save("bench.png")
    if report["ratios"]:
        print(format_report(report))
    print(json.dumps(report))
    if failed:
        print(f"These could not be measured: {', '.join(failed)}.", file=sys.stderr)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
