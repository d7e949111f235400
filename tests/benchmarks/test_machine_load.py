"""A missed goal is marked as busy if other programs have taken the cores meanwhile, and only then."""

from dataclasses import replace

import pytest

from tests.benchmarks import machine_load
from tests.benchmarks.chart import COLOURS, draw_chart
from tests.benchmarks.machine_load import MachineLoad
from tests.benchmarks.ratios import Ratio
from tests.benchmarks.results import Topic, format_report, merge_rows
from tests.benchmarks.test_results import EMPTY, MACHINE

MISSED = Ratio("claim", 3, (2, 4), 2)


@pytest.mark.parametrize(
    ("idle", "own", "share"),
    [
        (20, 0, 0),  # nobody has worked
        (12, 8, 0),  # this process and its children alone
        (10, 5, 0.25),
        (0, 20.2, 0),  # steps of 1/100 s add up to more than there was
    ],
)
def test_the_work_of_others_is_neither_idle_nor_our_own(
    monkeypatch: pytest.MonkeyPatch, idle: float, own: float, share: float
) -> None:
    before = MachineLoad(since=100, idle_seconds=50, own_seconds=7, cores=2)
    monkeypatch.setattr("tests.benchmarks.machine_load.time.monotonic", lambda: 110)
    monkeypatch.setattr(machine_load, "read_idle_seconds", lambda: 50 + idle)
    monkeypatch.setattr(machine_load, "_read_own_seconds", lambda: 7 + own)

    assert before.measure_other_share() == pytest.approx(share)


@pytest.mark.parametrize(
    ("row", "state", "cell"),
    [
        (replace(MISSED, other_share=0.05), "missed", "| **missed** |"),
        (replace(MISSED, other_share=0.4), "busy", "| busy (40%) |"),
        (replace(MISSED, value=1, other_share=0.4), "met", "| met |"),
    ],
)
def test_the_table_the_json_and_the_chart_say_so(row: Ratio, state: str, cell: str) -> None:
    colours = draw_chart([row], "title").getcolors(10**6)

    assert cell in format_report(merge_rows(EMPTY, MACHINE, Topic("claim"), [row]))
    assert (row.to_json()["state"], row.to_json()["other_share"]) == (state, row.other_share)
    assert colours is not None
    shown = {f"#{red:02x}{green:02x}{blue:02x}" for _, (red, green, blue) in colours}  # type: ignore[misc]
    assert shown & set(COLOURS.values()) == {COLOURS[state]}
