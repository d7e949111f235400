"""The accounts of a soak: the database, the Discord stand-in and the Bedrock stand-in, job by job."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from demo.http_client import request_json
from demo.stack import Stack
from tests.support.bot_processes import count_results
from tests.support.ledger import find_ledger_discrepancies
from tests.support.records import query_records

PROMPT = "soak-{number}."
"""The prompt of a request, by which its calls are found."""


@dataclass(frozen=True)
class Accounts:
    """The counts of the database, the Discord stand-in and the Bedrock stand-in, by job; and what the ledger lacks."""

    outcome_counts: Counter[str]
    billed_calls: Counter[str]
    recorded_calls: Counter[str]
    unknown_calls: Counter[str]
    record_states: Counter[str]
    ledger_discrepancies: list[str]

    def find_discrepancies(self) -> list[str]:
        """Return one line for each discrepancy."""
        lines = [f"job {job} has {count} results" for job, count in self.outcome_counts.items() if count != 1]
        for job, paid in self.billed_calls.items():
            if paid > 2 or (paid == 2 and not self.unknown_calls[job]):
                lines.append(f"job {job} was billed {paid} times with {self.unknown_calls[job]} calls of unknown fate")
            if paid > self.recorded_calls[job]:
                lines.append(f"job {job} was billed {paid} times, {self.recorded_calls[job]} calls are recorded")
        return lines + self.ledger_discrepancies

    def build_table(self) -> dict[str, int]:
        """Return the sums, by their descriptions."""
        return {
            "requests accepted (database)": self.record_states.total(),
            "results posted (Discord's count)": self.outcome_counts.total(),
            "jobs with more than one result": sum(count > 1 for count in self.outcome_counts.values()),
            "jobs without a result": sum(count < 1 for count in self.outcome_counts.values()),
            "calls recorded (database)": self.recorded_calls.total(),
            "calls billed (Bedrock's count)": self.billed_calls.total(),
            "jobs billed twice, the first call's fate unknown": sum(n == 2 for n in self.billed_calls.values()),
            "jobs billed more than twice": sum(count > 2 for count in self.billed_calls.values()),
        }


def read_accounts(stack: Stack) -> Accounts:
    """Read the counts of database, Discord and Bedrock."""
    jobs = query_records(stack, "SELECT id, state, job_json FROM jobs WHERE state != 'rejected'")
    counted = query_records(stack, "SELECT job_id, sum(calls), sum(unknown_calls) FROM queue_entries GROUP BY job_id")
    job_ids = [job_id for job_id, _, _ in jobs]
    job_by_number = {_get_number(job_json): job_id for job_id, _, job_json in jobs}
    calls: list[dict[str, Any]] = request_json("GET", f"{stack.bedrock_url}/control/calls")
    return Accounts(
        outcome_counts=Counter(dict(zip(job_ids, count_results(stack, *job_ids), strict=True))),
        billed_calls=Counter(
            job_by_number.get(_get_number(str(call["body"])), "unknown") for call in calls if call["billed"]
        ),
        recorded_calls=Counter({job_id: int(calls) for job_id, calls, _ in counted}),
        unknown_calls=Counter({job_id: int(unknown) for job_id, _, unknown in counted}),
        record_states=Counter(state for _, state, _ in jobs),
        ledger_discrepancies=find_ledger_discrepancies(stack),
    )


def _get_number(text: str) -> str:
    """Get a request's number from a text that has its prompt."""
    before, after = PROMPT.split("{number}")
    return text.split(before)[1].split(after, maxsplit=1)[0]
