"""A small simulated contest, with Discord's rate limits, whose accounts balance in spite of failing messages."""

from pathlib import Path

from tests.faults.contest_simulation import Plan, run_simulation


def test_no_entry_is_lost_and_no_ballot_counted_twice(tmp_path: Path) -> None:
    plan = Plan(people=20, entries=(24, 6), entry_seconds=6, vote_seconds=15, has_faults=True)
    lines: list[str] = []

    assert run_simulation(plan, 13, tmp_path, lines.append) == [], "\n".join(lines)
