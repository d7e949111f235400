"""`python -m worker dead-letters`: list, show, retry or drop jobs whose workers died or could not read them."""

import argparse
import json
import secrets
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, assert_never

from shared.i18n.messages import describe_problem
from shared.job import make_retry_id
from shared.pictures.storage import create_picture_storage
from shared.queue.connection_errors import describe_redis_error
from shared.request.bundles import unpack_pictures
from shared.settings import InvalidSettingsError
from shared.stored_format import UnsupportedFormatError
from worker.cli.command import CommandError, ExitCode, build_parser
from worker.configuration import load_configuration
from worker.ports import QueueUnavailableError
from worker.queue.connection import connect_to_redis
from worker.queue.dead_letters import DeadLetter, DeadLetterQueue, UnreadableLetter
from worker.queue.replies import RetryResult
from worker.queue.stored_format import check_redis_format
from worker.settings import Settings

_UNREADABLE: Final = (
    "Job {id} cannot be read by this release ({reason}). It is kept until QUEUE_IMAGE_TTL_SECONDS are over. "
    "Use the release that wrote it, or drop it."
)
_NOT_FOUND: Final = (
    "Job {id} is not a dead letter. It never was one, it was retried or dropped, or QUEUE_IMAGE_TTL_SECONDS are over. "
    "See `python -m worker dead-letters list`."
)


def run_dead_letters(argv: Sequence[str]) -> ExitCode:
    """List, show, retry or drop the jobs that were set aside: their workers died, or could not read them.

    Exit codes: 0, done; 1, it cannot be done, with the reason; 2, invalid arguments, settings or stored format.
    """
    arguments = _build_parser().parse_args(argv)
    try:
        settings, _ = load_configuration()
        storage = create_picture_storage(settings)
    except InvalidSettingsError as error:
        print(error, file=sys.stderr)
        return ExitCode.USAGE
    client = connect_to_redis(settings.redis_url.get_secret_value(), settings.key_names)
    try:
        check_redis_format(client)
        _run_subcommand(arguments, DeadLetterQueue(client, storage), settings)
    except QueueUnavailableError as error:
        print(describe_redis_error(error.__cause__ or error), file=sys.stderr)
        return ExitCode.FAILED
    except UnsupportedFormatError as error:
        print(error, file=sys.stderr)
        return ExitCode.USAGE
    except (OSError, CommandError) as error:
        print(error, file=sys.stderr)
        return ExitCode.FAILED
    finally:
        client.close()
        storage.close()
    return ExitCode.OK


def _build_parser() -> argparse.ArgumentParser:
    parser = build_parser("dead-letters", run_dead_letters.__doc__)
    subcommands = parser.add_subparsers(dest="subcommand", required=True)
    for name, description in (
        ("list", "list the dead letters, oldest first"),
        ("show", "show one of them: the request, and how often it was tried"),
        ("retry", "queue it again; its requester gets a second result"),
        ("drop", "delete it and its picture"),
    ):
        subcommand = subcommands.add_parser(name, help=description, description=description, allow_abbrev=False)
        if name != "list":
            subcommand.add_argument("id", help="the job's id")
        if name == "show":
            subcommand.add_argument("--out", type=Path, metavar="FILE", help="write its picture to this file")
        subcommand.add_argument("--json", action="store_true", help="report as JSON")
    return parser


def _run_subcommand(arguments: argparse.Namespace, letters: DeadLetterQueue, settings: Settings) -> None:
    match arguments.subcommand:
        case "list":
            _list_letters(letters, arguments)
        case "show":
            _show_letter(letters, arguments)
        case "retry":
            _retry_letter(letters, arguments, settings.queue_image_ttl_seconds)
        case "drop":
            _drop_letter(letters, arguments)


def _list_letters(letters: DeadLetterQueue, arguments: argparse.Namespace) -> None:
    descriptions = [_describe_letter(letter) for letter in letters.list_letters()]
    if arguments.json:
        print(json.dumps(descriptions))
        return
    for facts in descriptions:
        if "unreadable" in facts:
            print(f"{facts['id']}  cannot be read by this release: {facts['unreadable']}")
            continue
        print(f"{facts['id']}  {facts['failed_at']}  {facts['stage']:<8}  {facts['problem']:<7}  {facts['model']}")
    if not descriptions:
        print("There are no dead letters.")


def _show_letter(letters: DeadLetterQueue, arguments: argparse.Namespace) -> None:
    letter = _find_letter(letters, arguments.id)
    facts = _describe_letter(letter) | {"message": describe_problem(letter.outcome.problem)}
    if arguments.out:
        picture = letters.fetch_picture(arguments.id)
        if picture is None:
            raise CommandError(
                f"Job {arguments.id} has no picture. Its request started from words alone. Leave --out away."
            )
        facts["file"] = ", ".join(_write_pictures(picture, arguments.out))
    if arguments.json:
        print(json.dumps(facts | {"job": letter.job.model_dump(mode="json")}))
        return
    facts["request"] = json.dumps(letter.job.request.model_dump(mode="json", exclude_none=True))
    print(*(f"{name:<13} {value}" for name, value in facts.items()), sep="\n")


def _write_pictures(picture: bytes, out: Path) -> Iterator[str]:
    """Write the source to a file, and a mask and a picture of a style beside it. Yields the names of the files."""
    for name, data in unpack_pictures(picture).list_parts():
        file = out if name == "source" else out.with_stem(f"{out.stem}-{name}")
        file.write_bytes(data)
        yield str(file)


def _retry_letter(letters: DeadLetterQueue, arguments: argparse.Namespace, image_ttl_seconds: int) -> None:
    letter = _find_letter(letters, arguments.id)
    new_id = make_retry_id(time.time(), secrets.randbits(22))
    result = letters.retry_letter(letter, new_id, image_ttl_seconds)
    match result:
        case RetryResult.NOT_FOUND:
            raise CommandError(_NOT_FOUND.format(id=arguments.id))
        case RetryResult.NOT_DELIVERED:
            raise CommandError(
                f"Job {arguments.id} cannot be retried yet. Its requester has not been told that it failed. "
                "Start the bot, then retry."
            )
        case RetryResult.QUEUED:
            message = f"Job {arguments.id} is queued again as {new_id}. Its result is posted where the first one was."
            print(json.dumps({"id": arguments.id, "queued": new_id}) if arguments.json else message)
        case _:
            assert_never(result)


def _drop_letter(letters: DeadLetterQueue, arguments: argparse.Namespace) -> None:
    if not letters.delete_letter(arguments.id):
        raise CommandError(_NOT_FOUND.format(id=arguments.id))
    message = f"Job {arguments.id} and its picture are dropped."
    print(json.dumps({"id": arguments.id, "dropped": True}) if arguments.json else message)


def _find_letter(letters: DeadLetterQueue, job_id: str) -> DeadLetter:
    letter = letters.find_letter(job_id)
    if letter is None:
        raise CommandError(_NOT_FOUND.format(id=job_id))
    if isinstance(letter, UnreadableLetter):
        raise CommandError(_UNREADABLE.format(id=job_id, reason=letter.reason))
    return letter


def _describe_letter(letter: DeadLetter | UnreadableLetter) -> dict[str, Any]:
    if isinstance(letter, UnreadableLetter):
        return {"id": letter.job_id, "unreadable": letter.reason}
    job = letter.job
    return {
        "id": job.id,
        "failed_at": datetime.fromtimestamp(letter.failed_at, UTC).isoformat(timespec="seconds"),
        "age_seconds": round(time.time() - job.accepted_at),
        "stage": str(letter.stage),
        "problem": letter.outcome.problem.code,
        "model": job.request.model,
        "user": str(job.requester.id),
        "claims": letter.claims,
        "calls": letter.calls,
        "picture_bytes": letter.picture_bytes,
    }
