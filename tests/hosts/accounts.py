"""The accounts of what the hosts did: the database, Discord and Bedrock, job by job."""

import json
from collections import Counter
from dataclasses import dataclass

from demo.http_client import request_json
from demo.stack import Stack
from tests.support.bot_processes import count_results
from tests.support.ledger import find_ledger_discrepancies
from tests.support.records import query_records

_JOBS = """
    SELECT id, job_json, (SELECT coalesce(sum(unknown_calls), 0) FROM queue_entries WHERE job_id = jobs.id)
    FROM jobs WHERE state != 'rejected'
"""


@dataclass(frozen=True)
class Accounts:
    """Counts since the start, and one line for each discrepancy."""

    accepted: int
    answers: int
    billed: int
    unknown: int
    discrepancies: list[str]


def read_accounts(stack: Stack) -> Accounts:
    """Read the counts of database, Discord and Bedrock. Variants of one exploration may have the same seed."""
    rows = query_records(stack, _JOBS)
    job_ids = [job_id for job_id, _, _ in rows]
    results = dict(zip(job_ids, count_results(stack, *job_ids), strict=True))
    jobs_by_seed: Counter[int] = Counter()
    unknown: Counter[int] = Counter()
    for _, job_json, unknown_calls in rows:
        seed = json.loads(job_json)["seed"]
        jobs_by_seed[seed] += 1
        unknown[seed] += int(unknown_calls)
    billed: Counter[int | None] = Counter()
    for call in request_json("GET", f"{stack.bedrock_url}/control/calls"):
        billed[(call["body"] or {}).get("seed")] += bool(call["billed"])
    discrepancies = [f"job {job_id} has {count} results" for job_id, count in results.items() if count != 1]
    for seed, count in billed.items():
        jobs, in_doubt = (jobs_by_seed[seed], unknown[seed]) if seed is not None else (0, 0)
        if count > jobs + min(jobs, in_doubt):
            line = f"seed {seed} was billed {count} times for {jobs} jobs with {in_doubt} calls of unknown fate"
            discrepancies.append(line)
    return Accounts(
        accepted=len(rows),
        answers=sum(results.values()),
        billed=billed.total(),
        unknown=unknown.total(),
        discrepancies=discrepancies + find_ledger_discrepancies(stack),
    )


def count_open_jobs(stack: Stack) -> int:
    """Count the accepted jobs that have not ended."""
    return int(query_records(stack, "SELECT count(*) FROM jobs WHERE state IN ('accepted', 'queued')")[0][0])


def is_any_generated(stack: Stack, job_ids: list[str]) -> bool:
    """Tell whether one of these jobs was answered with an image."""
    statement = (
        "SELECT job_id FROM outcomes JOIN jobs ON jobs.id = job_id WHERE state = 'delivered' AND kind = 'generated'"
    )
    return not {str(job_id) for (job_id,) in query_records(stack, statement)}.isdisjoint(job_ids)
