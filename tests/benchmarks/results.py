"""The results of `make bench`: kept in `bench.json` topic by topic, and shown as a table here and in the documentation.

    python -m tests.benchmarks.results

writes the table of docs/performance.md anew from `bench.json`.
"""

import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from tests.benchmarks.ratios import Ratio

RESULTS_FILE: Final = Path("bench.json")
PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "performance.md"
MAX_ROWS: Final = 30
"""Nobody reads a table with more rows of one topic."""
BEGIN, END = "<!-- benchmarks -->\n", "<!-- end of benchmarks -->"
_STATES: Final = {"met": "met", "missed": "**missed**", "busy": "busy ({other_share:.0%})"}


class Topic(NamedTuple):
    """A topic that was measured: in how many seconds, and whether with fewer rounds."""

    name: str
    is_quick: bool = False
    seconds: float = 0.0


def load_report(path: Path) -> dict[str, Any]:
    """Load the results of earlier runs; an empty report if there are none, or their rows have another form."""
    try:
        report: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        format_report(report)
    except (OSError, ValueError, KeyError):
        return {"machine": {}, "ratios": {}}
    return report


def merge_rows(
    report: Mapping[str, Any], machine: Mapping[str, Any], topic: Topic, rows: Sequence[Ratio]
) -> dict[str, Any]:
    """Put the rows of a topic into the place of those that it had; those of another machine are dropped."""
    facts = {"topic": topic.name, "date": machine["date"], "quick": topic.is_quick, "seconds": round(topic.seconds)}
    is_same = all(report["machine"].get(fact) == machine[fact] for fact in ("cpu", "cores"))
    kept = {name: row for name, row in report["ratios"].items() if is_same and row["topic"] != topic.name}
    return {"machine": dict(machine), "ratios": kept | {row.name: {**row.to_json(), **facts} for row in rows}}


def list_rows(report: Mapping[str, Any]) -> list[Ratio]:
    """List the rows of a report."""
    facts = ("goal", "better", "note", "other_share")
    return [
        Ratio(name, row["value"], tuple(row["spread"]), **{fact: row[fact] for fact in facts})
        for name, row in report["ratios"].items()
    ]


def sort_rows(report: Mapping[str, Any], topics: Sequence[str]) -> dict[str, Any]:
    """Order the rows as their topics are; those of a topic that is gone are dropped."""
    rows = report["ratios"].items()
    return {**report, "ratios": {name: row for topic in topics for name, row in rows if row["topic"] == topic}}


def format_report(report: Mapping[str, Any]) -> str:
    """Write the rows as a Markdown table, which says which of them have fewer rounds, or are of an earlier day."""
    lines = ["| Benchmark | Ratio | Range | Goal | | Measured |", "| --- | --- | --- | --- | --- | --- |"]
    for name, row in report["ratios"].items():
        low, high = row["spread"]
        goal = f"{'≤' if row['better'] == 'lower' else '≥'} {row['goal']:g}"
        state = _STATES[row["state"]].format(**row)
        facts = [row["date"]] * (row["date"] != report["machine"]["date"]) + ["fewer rounds"] * row["quick"]
        note = f"{row['note']} ({', '.join(facts)})" if facts else row["note"]
        lines.append(f"| `{name}` | {row['value']:.3g} | {low:.3g} – {high:.3g} | {goal} | {state} | {note} |")
    return "\n".join(lines)


def shorten_report(report: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Leave out what is met of a topic with more rows than `MAX_ROWS`, and say so in a sentence for each topic."""
    counts = Counter(row["topic"] for row in report["ratios"].values())
    long_topics = [topic for topic, count in counts.items() if count > MAX_ROWS]
    left_out = {
        name: row["topic"]
        for name, row in report["ratios"].items()
        if row["topic"] in long_topics and row["state"] == "met"
    }
    sums = Counter(left_out.values())
    sentences = [f"Of `{topic}`, {sums[topic]} of {counts[topic]} rows are met and not shown." for topic in long_topics]
    shown = {name: row for name, row in report["ratios"].items() if name not in left_out}
    return {**report, "ratios": shown}, sentences


def insert_report(page: str, report: Mapping[str, Any]) -> str:
    """Put the table, and where it was measured, between the markers of a page. Raises `ValueError` without markers."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the page lacks {BEGIN.strip()} and {END}: add both where the table belongs")
    where = "on {date} on {cores} cores of an {cpu} with Python {python} and Pillow {pillow}".format(
        **report["machine"]
    )
    seconds = {row["topic"]: row["seconds"] for row in report["ratios"].values()}
    shown, sentences = shorten_report(report)
    measured = " ".join([f"Measured {where}, in {sum(seconds.values()) / 60:.0f} minutes.", *sentences])
    return f"{before}{begin}{measured}\n\n{format_report(shown)}\n{end}{after}"


def main() -> int:
    """Write the page; exit code 1 if there are no results."""
    report = load_report(RESULTS_FILE)
    if not report["ratios"]:
        print(f"There are no results in {RESULTS_FILE}: run `make bench` first.", file=sys.stderr)
        return 1
    PAGE.write_text(insert_report(PAGE.read_text(encoding="utf-8"), report), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
