"""`python -m bot batch`: sends batches in and looks after them, for the operator. The running bot does the work.

Exit codes: 0 if it was done, 1 if it could not be, 2 if the arguments, the files or their rows are wrong.
"""

# ruff: noqa: T201 - the answers of a command line

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from bot.batch_submission import BatchSubmission, OperatorBatches, RejectedRowsError
from bot.batches.brief_text import TITLE_LIMIT
from bot.domain.batches import Batch, BatchCounts
from bot.domain.budgets import MICRO_USD_PER_USD
from bot.services import open_services
from bot.settings import Settings
from bot.storage.engine import DatabaseSetupError
from shared.catalogue import Catalogue
from shared.errors import PentimentoError
from shared.i18n.messages import describe_problem
from shared.job import Priority
from shared.problems import RejectedError

EXIT_FAILED: Final = 1
EXIT_WRONG_INPUT: Final = 2
_ID_LIMIT: Final = 2**63
_KEY_LIMIT: Final = 64
_MAX_LISTED: Final = 100
_FAILED_CODES: Final = ("over_budget_", "database_", "discord_", "queue_", "batch_over")


class MissingFileError(PentimentoError):
    """A file that was named is not there, or cannot be read."""


def add_batch_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the actions of `batch` and their options to its parser."""
    actions = parser.add_subparsers(dest="action", metavar="action", required=True)
    submit = actions.add_parser("submit", help="send pictures, a zip or a table in; the bot answers in the channel")
    submit.add_argument("files", nargs="+", type=Path, metavar="FILE", help="pictures, a zip, or a CSV, TSV or XLSX")
    submit.add_argument("--guild", type=_parse_id, required=True, metavar="ID", help="the server")
    submit.add_argument("--channel", type=_parse_id, required=True, metavar="ID", help="where the bot answers")
    submit.add_argument("--team", metavar="NAME", help="the team that it is for: its name, or the id of its role")
    submit.add_argument("--template", default="", help="the prompt of each row that has none; {column}, {red,blue}")
    submit.add_argument("--title", default="", help="the name of the batch (default: that of the table)")
    submit.add_argument("--priority", choices=[one.value for one in Priority], help="default: that of the team")
    submit.add_argument("--skip-wrong-rows", action="store_true", help="start the right rows, if others are wrong")
    submit.add_argument("--idempotency-key", metavar="KEY", help="sent in twice with the same key, it is one batch")
    for name, help_text in {"status": "how far a batch is", "cancel": "cancel what has not begun of a batch"}.items():
        action = actions.add_parser(name, help=help_text)
        action.add_argument("id")
    listing = actions.add_parser("list", help="the batches of a server, newest first")
    listing.add_argument("--guild", type=_parse_id, required=True, metavar="ID", help="the server")
    for action in actions.choices.values():
        action.add_argument("--json", action="store_true", help="print JSON")


async def run_batch_command(settings: Settings, catalogue: Catalogue, arguments: argparse.Namespace) -> int:
    """Run an action, print its answer, and return the exit code."""
    try:
        async with open_services(settings, catalogue) as services:
            batches = OperatorBatches(services, settings)
            match arguments.action:
                case "submit":
                    return await _submit(batches, arguments)
                case "list":
                    found = await services.batches.list_batches(arguments.guild, _MAX_LISTED)
                    return await _print_batches(batches, found, as_json=arguments.json, is_list=True)
                case "cancel":
                    await services.batches.cancel_rest(arguments.id)
            batch = await services.batches.find_batch(arguments.id)
            if batch is None:
                return _print_error(EXIT_WRONG_INPUT, f"There is no batch {arguments.id}. `batch list` names them.")
            return await _print_batches(batches, [batch], as_json=arguments.json)
    except RejectedError as rejection:
        is_failure = any(problem.code.startswith(_FAILED_CODES) for problem in rejection.problems)
        text = "\n".join(map(describe_problem, rejection.problems))
        return _print_error(EXIT_FAILED if is_failure else EXIT_WRONG_INPUT, text)
    except (DatabaseSetupError, MissingFileError) as error:
        return _print_error(EXIT_WRONG_INPUT, str(error))


async def _submit(batches: OperatorBatches, arguments: argparse.Namespace) -> int:
    key: str | None = arguments.idempotency_key
    if key is not None and not 0 < len(key) <= _KEY_LIMIT:
        return _print_error(EXIT_WRONG_INPUT, f"--idempotency-key has {len(key)} characters. Use 1 to {_KEY_LIMIT}.")
    submission = BatchSubmission(
        files=await asyncio.to_thread(_check_files, arguments.files),
        guild_id=arguments.guild,
        channel_id=arguments.channel,
        team_name=arguments.team,
        template=arguments.template,
        title=arguments.title[:TITLE_LIMIT],
        priority=None if arguments.priority is None else Priority(arguments.priority),
        skips_wrong_rows=arguments.skip_wrong_rows,
        idempotency_key=key,
    )
    try:
        submitted = await batches.submit(submission)
    except RejectedRowsError as error:
        return _print_error(EXIT_WRONG_INPUT, f"{error}")
    for line in submitted.warnings:
        print(line, file=sys.stderr)
    return await _print_batches(batches, [submitted.batch], as_json=arguments.json)


def _check_files(paths: Sequence[Path]) -> Sequence[Path]:
    """Return the paths. Raises `MissingFileError`."""
    for path in paths:
        if not path.is_file():
            raise MissingFileError(f"{path} is not a file. Check its name.")
    return paths


async def _print_batches(
    batches: OperatorBatches, found: Sequence[Batch], *, as_json: bool, is_list: bool = False
) -> int:
    """Print a line or an object for each batch; return 0."""
    counts = [await batches.services.batches.count_items(batch.id) for batch in found]
    described = [_describe(batch, count) for batch, count in zip(found, counts, strict=True)]
    if as_json:
        print(json.dumps(described if is_list else described[0], ensure_ascii=False, indent=2))
        return 0
    for one in described:
        items = ", ".join(f"{count} {state}" for state, count in one["items"].items())
        print(f"{one['id']}  {one['state']}  {one['title']}")
        print(f"  {items or 'no items'}; ${one['spent_usd']:.4f} spent, ${one['reserved_usd']:.4f} reserved")
    if not described:
        print("There are none.")
    return 0


def _describe(batch: Batch, counts: BatchCounts) -> dict[str, Any]:
    return {
        "id": batch.id,
        "state": batch.state.value,
        "title": batch.brief.title,
        "team": None if batch.team is None else batch.team.name,
        "priority": batch.priority.value,
        "idempotency_key": batch.idempotency_key,
        "items": {state.value: count for state, count in counts.by_state.items() if count},
        "reviews": {review.value: count for review, count in counts.by_review.items() if count},
        "spent_usd": counts.spent / MICRO_USD_PER_USD,
        "reserved_usd": counts.reserved / MICRO_USD_PER_USD,
        "place": asdict(batch.place),
        "created_at": batch.created_at,
    }


def _parse_id(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() else 0
    if not 0 < number < _ID_LIMIT:
        raise argparse.ArgumentTypeError(f"{text!r} is no id of Discord, such as 1442000000000000001")
    return number


def _print_error(code: int, text: str) -> int:
    print(text, file=sys.stderr)
    return code
