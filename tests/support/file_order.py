"""The order in which files of tests start: the longest first.

So processes that run files side by side end at about the same time.
"""

from pathlib import Path

from demo.processes import ROOT

LONGEST_FILES = (
    "tests/upgrade/test_upgrade.py",
    "tests/e2e/test_imagine.py",
    "tests/faults/test_soak.py",
    "tests/faults/test_bedrock_faults.py",
    "tests/faults/test_discord_faults.py",
    "tests/faults/test_redis_refuses.py",
    "tests/faults/test_backup_restored.py",
    "tests/e2e/test_demo.py",
    "tests/faults/test_redis_restored.py",
    "tests/faults/test_bot_killed.py",
    "tests/faults/test_contest_simulation.py",
    "tests/faults/test_budget_faults.py",
    "tests/faults/test_gallery_bot_killed.py",
    "tests/faults/test_batch_faults.py",
    "tests/security/test_secrets.py",
    "tests/hosts/test_hosts.py",
    "tests/security/test_ballot_traffic.py",
    "tests/faults/test_several_bots.py",
    "tests/e2e/test_rounds.py",
    "tests/faults/test_redis_faults.py",
    "tests/faults/test_poison_jobs.py",
    "tests/e2e/test_batches.py",
    "tests/e2e/test_budget.py",
    "tests/faults/test_worker_killed.py",
    "tests/faults/test_two_bots.py",
    "tests/faults/test_sentinel_failover.py",
    "tests/faults/test_redis_emptied.py",
    "tests/faults/test_exploration_bot_killed.py",
    "tests/faults/test_paused_queue.py",
    "tests/faults/test_data_loss.py",
    "tests/integration/storage/test_ledger_interleavings.py",
    "tests/integration/storage/test_migrations.py",
    "tests/architecture/test_packaging.py",
    "tests/release/test_release.py",
)
_RANKS = {ROOT / name: rank for rank, name in enumerate(LONGEST_FILES)}


def get_rank(path: Path) -> tuple[int, bool]:
    """Get the place of a file in the order: end-to-end and fault tests come first of those that are not named."""
    return _RANKS.get(path, len(_RANKS)), not {"e2e", "faults"} & set(path.parts)
