"""A short soak: a minute of faults with a fixed seed, then the accounts."""

from pathlib import Path

import pytest

from tests.faults.soak import run_soak

SEED = 72115
"""The first faults that it chooses: a full Redis, a pause, a restored file, unreadable rows, a roll-over, a stalled
Bedrock."""


@pytest.mark.timeout(600)
def test_the_accounts_balance_after_a_minute_of_faults(tmp_path: Path) -> None:
    lines: list[str] = []

    assert run_soak(60, SEED, tmp_path, lines.append) == [], "\n".join(lines)
