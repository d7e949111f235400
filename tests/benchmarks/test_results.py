"""The results of several runs become one table, which the documentation shows between its markers."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks import __main__ as bench
from tests.benchmarks.ratios import Ratio
from tests.benchmarks.results import (
    BEGIN,
    END,
    PAGE,
    Topic,
    format_report,
    insert_report,
    list_rows,
    load_report,
    merge_rows,
    sort_rows,
)

EMPTY: dict[str, Any] = {"machine": {}, "ratios": {}}
MACHINE = {"cpu": "AMD EPYC", "cores": 2, "python": "3.11", "pillow": "13", "date": "2026-11-30"}
ROW = Ratio("claim", 1.5, (1, 2), 2, note="5 ms")
BROKEN, WHOLE = "cpu_edit", "cpu_job"


def test_a_topic_that_is_measured_again_replaces_its_rows_alone() -> None:
    first = merge_rows(EMPTY, MACHINE, Topic("queue"), [ROW, replace(ROW, name="position")])
    both = merge_rows(first, MACHINE, Topic("images"), [replace(ROW, name="sheet")])
    tomorrow = {**MACHINE, "date": "2026-12-01"}

    again = merge_rows(both, tomorrow, Topic("queue", is_quick=True), [replace(ROW, value=3)])

    assert [row.value for row in list_rows(again)] == [1.5, 3]
    assert format_report(again).splitlines()[2:] == [
        "| `sheet` | 1.5 | 1 – 2 | ≤ 2 | met | 5 ms (2026-11-30) |",
        "| `claim` | 3 | 1 – 2 | ≤ 2 | **missed** | 5 ms (fewer rounds) |",
    ]
    assert list(merge_rows(again, {**MACHINE, "cores": 8}, Topic("images"), [ROW])["ratios"]) == ["claim"]


def test_rows_are_in_the_order_of_their_topics_without_those_of_topics_that_are_gone() -> None:
    report = EMPTY
    for topic in ("queue", "gone", "images"):
        report = merge_rows(report, MACHINE, Topic(topic), [replace(ROW, name=topic)])

    assert list(sort_rows(report, ("images", "queue"))["ratios"]) == ["images", "queue"]


def test_the_page_shows_the_results_between_its_markers() -> None:
    report = merge_rows(EMPTY, MACHINE, Topic("queue", seconds=900), [ROW])
    page = f"before\n{BEGIN}old\n{END}\nafter\n"

    shown = insert_report(page, report)

    assert shown == insert_report(shown, report)
    assert shown.startswith(f"before\n{BEGIN}Measured on 2026-11-30 on 2 cores of an AMD EPYC")
    assert "in 15 minutes." in shown
    assert f"{format_report(report)}\n{END}\nafter\n" in shown
    assert "old" not in shown
    insert_report(PAGE.read_text(encoding="utf-8"), report)
    with pytest.raises(ValueError, match="lacks"):
        insert_report("no markers", report)


def test_the_page_leaves_out_what_is_met_of_a_topic_with_very_many_rows() -> None:
    lookups = [replace(ROW, name=f"lookup {number}", value=number % 25) for number in range(100)]
    report = merge_rows(EMPTY, MACHINE, Topic("million"), lookups)

    shown = insert_report(f"{BEGIN}{END}", merge_rows(report, MACHINE, Topic("queue"), [ROW]))

    assert "Of `million`, 12 of 100 rows are met and not shown." in shown
    assert shown.count("| `lookup") == 88
    assert "| `claim` | 1.5 |" in shown


def test_a_topic_that_fails_leaves_the_others_and_what_was_measured_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def measure(topic: str, *, quick: bool) -> list[Ratio] | None:
        assert quick
        return None if topic == BROKEN else [replace(ROW, name=topic)]

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("QUICK", "1")
    monkeypatch.setattr(bench, "measure_topic", measure)

    assert bench.main([BROKEN, WHOLE]) == 1
    assert [row.name for row in list_rows(load_report(tmp_path / "bench.json"))] == [WHOLE]
    assert bench.main(["images"]) == 0
    assert list(json.loads((tmp_path / "bench.json").read_text())["ratios"]) == [WHOLE, "images"]
    assert (tmp_path / "bench.png").exists()
    assert bench.main(["nothing"]) == 2
