"""`python -m worker dead-letters`: the jobs whose workers died twice, for the operator to look at and decide about."""

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from shared.errors import PentimentoError
from shared.settings import InvalidSettingsError, read_settings
from worker.ports import QueueUnavailableError
from worker.queue.connection import connect_to_redis
from worker.queue.dead_letters import DeadLetter, DeadLetterQueue
from worker.queue.replies import RetryResult
from worker.settings import Settings

EXIT_OK, EXIT_FAILED, EXIT_BAD_INPUT = 0, 1, 2


class CommandError(PentimentoError):
    """It cannot be done; the message says what happened, why, and what to do."""


def run_dead_letters(argv: Sequence[str]) -> int:
    """Look at what was set aside, try it again, or drop it; answer the exit code.

    0: done; 1: it cannot be done, with the reason; 2: wrong arguments or settings.
    """
    arguments = _build_parser().parse_args(argv)
    try:
        settings = read_settings(Settings)
    except InvalidSettingsError as missing:
        print(f"The worker is not set up. Put these into the environment or into .env:\n{missing}", file=sys.stderr)
        return EXIT_BAD_INPUT
    client = connect_to_redis(settings.redis_url.get_secret_value())
    try:
        _COMMANDS[arguments.command](DeadLetterQueue(client), arguments, settings)
    except QueueUnavailableError as error:
        print(
            f"Redis could not be asked. It does not answer as it should ({type(error.__cause__).__name__}). "
            "See that it runs, and that REDIS_URL is the workers'.",
            file=sys.stderr,
        )
        return EXIT_FAILED
    except (OSError, CommandError) as refused:
        print(refused, file=sys.stderr)
        return EXIT_FAILED
    finally:
        client.close()
    return EXIT_OK


def _list_letters(letters: DeadLetterQueue, arguments: argparse.Namespace, _: Settings) -> None:
    found = letters.list_letters()
    if arguments.json:
        print(json.dumps([_describe_letter(letter) for letter in found]))
        return
    for letter in found:
        facts = _describe_letter(letter)
        print(f"{facts['id']}  {facts['set_aside']}  {facts['lane']:<8}  {facts['problem']:<7}  {facts['model']}")
    if not found:
        print("Nothing is set aside.")


def _show_letter(letters: DeadLetterQueue, arguments: argparse.Namespace, _: Settings) -> None:
    letter = _require_letter(letters, arguments.id)
    facts = _describe_letter(letter) | {
        "job": letter.job.model_dump(mode="json"),
        "words": letter.outcome.problem.format_message(),
    }
    if arguments.out:
        picture = letters.fetch_picture(arguments.id)
        if picture is None:
            raise CommandError(f"Job {arguments.id} has no picture. It was asked for in words alone. Leave --out away.")
        arguments.out.write_bytes(picture)
        facts["file"] = str(arguments.out)
    if arguments.json:
        print(json.dumps(facts))
        return
    request = {name: value for name, value in facts.pop("job")["request"].items() if value is not None}
    print(*(f"{name:<9} {value}" for name, value in {**facts, "request": json.dumps(request)}.items()), sep="\n")


def _retry_letter(letters: DeadLetterQueue, arguments: argparse.Namespace, settings: Settings) -> None:
    letter = _require_letter(letters, arguments.id)
    new_id = _make_retry_id(letter.job.id)
    match letters.retry_letter(letter, new_id, settings.queue_image_ttl_seconds):
        case RetryResult.NOT_FOUND:
            raise CommandError(_NOT_FOUND.format(id=arguments.id))
        case RetryResult.NOT_DELIVERED:
            raise CommandError(
                f"Job {arguments.id} waits for the bot. Its owner was not told yet that it failed. "
                "Start the bot, then retry."
            )
    words = f"Job {arguments.id} is queued again as {new_id}. Its answer comes where the first one came."
    print(json.dumps({"id": arguments.id, "queued": new_id}) if arguments.json else words)


def _delete_letter(letters: DeadLetterQueue, arguments: argparse.Namespace, _: Settings) -> None:
    if not letters.delete_letter(arguments.id):
        raise CommandError(_NOT_FOUND.format(id=arguments.id))
    words = f"Job {arguments.id} and its picture are dropped."
    print(json.dumps({"id": arguments.id, "dropped": True}) if arguments.json else words)


_NOT_FOUND: Final = (
    "Job {id} is not set aside. It never was, it was retried or dropped, or KEEP_SECONDS are over. "
    "See `python -m worker dead-letters list`."
)
_COMMANDS: Final[Mapping[str, Callable[[DeadLetterQueue, argparse.Namespace, Settings], None]]] = {
    "list": _list_letters,
    "show": _show_letter,
    "retry": _retry_letter,
    "drop": _delete_letter,
}


def _require_letter(letters: DeadLetterQueue, job_id: str) -> DeadLetter:
    letter = letters.find_letter(job_id)
    if letter is None:
        raise CommandError(_NOT_FOUND.format(id=job_id))
    return letter


def _make_retry_id(job_id: str) -> str:
    """Name the retry of a job: a message's answer is said once an id, so a second one needs an id of its own."""
    first, _, times = job_id.partition("-r")
    return f"{first}-r{int(times or 0) + 1}"


def _describe_letter(letter: DeadLetter) -> dict[str, Any]:
    job = letter.job
    return {
        "id": job.id,
        "set_aside": datetime.fromtimestamp(letter.failed_at, UTC).isoformat(timespec="seconds"),
        "waited": round(time.time() - job.accepted_at),
        "lane": str(letter.stage),
        "problem": letter.outcome.problem.code,
        "model": job.request.model,
        "user": str(job.requester.id),
        "claims": letter.claims,
        "calls": letter.calls,
        "picture": letter.picture_bytes,
    }


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m worker dead-letters", description=run_dead_letters.__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, words in (
        ("list", "what is set aside, oldest first"),
        ("show", "one of them: what was asked, and how often it was tried"),
        ("retry", "queue it again; the one who asked gets a second answer"),
        ("drop", "forget it and its picture"),
    ):
        command = commands.add_parser(name, help=words, description=words, allow_abbrev=False)
        if name != "list":
            command.add_argument("id", help="the job's id")
        if name == "show":
            command.add_argument("--out", type=Path, metavar="FILE", help="write its picture there")
        command.add_argument("--json", action="store_true", help="report as JSON")
    return parser
