"""`python -m bot ledger`: a report of spending, for the operator."""

# ruff: noqa: T201 - the answers of a command line

import csv
import sys
import time
from datetime import UTC, datetime
from typing import Final

from bot.settings import Settings
from bot.storage.ledger_reports import ReportGroup, ReportLine, SqlLedgerReports, add_up
from bot.storage.session import Database
from shared.problems import RejectedError

GROUPS: Final = (
    ReportGroup.MONTH,
    ReportGroup.GUILD,
    ReportGroup.TEAM,
    ReportGroup.MODEL,
    ReportGroup.DAY,
    ReportGroup.ACCOUNT,
)
_HEADER: Final = ("spent_usd", "reserved_usd", "billed_calls")


async def print_ledger(settings: Settings, group: ReportGroup, since: str | None, *, as_csv: bool) -> int:
    """Print a line for each server, team, month, model, day or AWS account, and their sum.

    `since` is a date such as 2026-11-01 (UTC); None is the beginning. Returns 0, 1 without a usable database, 2 if
    `since` is no date.
    """
    try:
        start = datetime.fromisoformat(since).replace(tzinfo=UTC).timestamp() if since else 0.0
    except ValueError:
        print(f"--since is {since!r}. Write a date such as 2026-11-01.", file=sys.stderr)
        return 2
    database = Database(settings.database_url.get_secret_value())
    try:
        reports = SqlLedgerReports(database)
        lines = await reports.sum_spending(group, start, time.time() + 1)
        in_ledger, in_queue = await reports.count_calls()
    except RejectedError:
        print(
            "The database cannot be read. Check DATABASE_URL, and start the bot once, which prepares it.",
            file=sys.stderr,
        )
        return 1
    finally:
        await database.close()
    if as_csv:
        writer = csv.writer(sys.stdout)
        writer.writerow((group.value, *_HEADER))
        writer.writerows(_format_row(line) for line in lines)
        return 0
    for row in ((group.value, *_HEADER), *(_format_row(line) for line in (*lines, add_up(lines, "total")))):
        print("{:<24}{:>14}{:>14}{:>14}".format(*row))
    print(f"\nCalls of settled requests: {in_ledger} in the ledger, {in_queue} recorded by the queue.")
    if in_ledger > in_queue:
        print("The ledger has more calls than the queue: calls of unknown fate count as billed.")
    return 0


def _format_row(line: ReportLine) -> tuple[str, str, str, int]:
    return line.key, f"{line.spent / 1e6:.4f}", f"{line.reserved / 1e6:.4f}", line.calls
