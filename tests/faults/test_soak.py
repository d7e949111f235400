"""A short soak: a minute of faults with a fixed seed, then the accounts."""

from pathlib import Path

import pytest

from tests.faults.soak import run_soak

SEED = 14702
"""The first faults that it chooses: unreadable rows, a restored file, a stalled Bedrock, a roll-over, a full Redis."""


@pytest.mark.timeout(600)
def test_the_accounts_balance_after_a_minute_of_faults(tmp_path: Path) -> None:
    lines: list[str] = []

    assert run_soak(60, SEED, tmp_path, lines.append) == [], "\n".join(lines)
