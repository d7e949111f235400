"""Reads the ledger, and compares it with what the Bedrock stand-in billed: each call sends the seed of its job."""

import json
import time
from collections import Counter
from typing import Final

from bot.storage.tables import ledger_entries
from demo.http_client import request_json
from demo.stack import Stack
from tests.support.builders import read_rows
from tests.support.records import query_records

_JOBS = """
    SELECT jobs.id, job_json, jobs.state, kind,
        (SELECT coalesce(sum(unknown_calls), 0) FROM queue_entries WHERE job_id = jobs.id),
        (SELECT coalesce(sum(calls), 0) FROM ledger_entries WHERE job_id = jobs.id),
        (SELECT coalesce(sum(reserved), 0) FROM ledger_entries WHERE job_id = jobs.id),
        (SELECT count(*) FROM ledger_entries WHERE job_id = jobs.id AND kind IN ('settlement', 'release'))
    FROM jobs LEFT JOIN outcomes ON outcomes.job_id = jobs.id
"""

SETTLING_SECONDS: Final = 10.0  # a record is closed after its result was posted


def read_balance(url: str, user_id: int | None = None) -> tuple[int, int]:
    """Return what is reserved and what was spent, by everybody or by one user."""
    rows = [row for row in read_rows(url, ledger_entries) if user_id in {None, row["user_id"]}]
    return sum(row["reserved"] for row in rows), sum(row["spent"] for row in rows)


def assert_ledger_balances(stack: Stack, *, listed_only: bool = False) -> None:
    """Assert that the ledger names every call that Bedrock billed, and no other whose fate is known.

    With `listed_only`, jobs are left out whose calls a test has made the stand-in forget.
    """
    deadline = time.monotonic() + SETTLING_SECONDS
    while (found := find_ledger_discrepancies(stack, listed_only=listed_only)) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not found, "\n".join(found)


def find_ledger_discrepancies(stack: Stack, *, listed_only: bool = False) -> list[str]:
    """Return one line for each seed whose jobs' entries do not agree with their calls.

    A call of unknown fate counts as billed, whether or not it was. So does the last call of a job that failed when its
    fate was unknown, or whose outcome was lost.
    """
    billed: Counter[int | None] = Counter()
    for entry in request_json("GET", f"{stack.bedrock_url}/control/calls"):
        billed[(entry["body"] or {}).get("seed")] += entry["billed"]
    lines = []
    counted: Counter[int] = Counter()
    in_doubt: Counter[int] = Counter()
    for job_id, job_json, state, kind, unknown_calls, calls, reserved, closings in query_records(stack, _JOBS):
        seed = json.loads(job_json)["seed"]  # also that of a dead letter that is tried again under another id
        if listed_only and seed not in billed:
            continue
        counted[seed] += calls
        in_doubt[seed] += unknown_calls + (kind not in {"generated", "filtered"})
        if state in {"accepted", "queued"}:
            lines.append(f"job {job_id} is still open")
        elif reserved or closings > 1:
            lines.append(f"job {job_id} has {reserved} reserved, and {closings} settlements or releases")
    return lines + [
        f"the jobs with seed {seed} were billed {billed[seed]} times, the ledger has {calls}, {in_doubt[seed]} in doubt"
        for seed, calls in counted.items()
        if not billed[seed] <= calls <= billed[seed] + in_doubt[seed]
    ]
