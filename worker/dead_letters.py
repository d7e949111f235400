"""`python -m worker dead-letters`: the jobs whose workers died twice, for the operator to look at and decide about."""

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from redis.exceptions import RedisError

from shared.settings import SettingsMissing, read_settings
from worker.adapters.dead_letters import DeadLetter, DeadLetters, Retried
from worker.adapters.redis import connect
from worker.settings import Settings

DONE, REFUSED, BAD_INPUT = 0, 1, 2


class _Refused(Exception):
    """It cannot be done; the message says what happened, why, and what to do."""


def main_dead_letters(argv: Sequence[str]) -> int:
    """Look at what was set aside, try it again, or drop it; answer the exit code.

    0: done; 1: it cannot be done, with the reason; 2: wrong arguments or settings.
    """
    arguments = _parser().parse_args(argv)
    try:
        settings = read_settings(Settings)
    except SettingsMissing as missing:
        print(f"The worker is not set up. Put these into the environment or into .env:\n{missing}", file=sys.stderr)
        return BAD_INPUT
    client = connect(settings.redis_url.get_secret_value())
    try:
        _COMMANDS[arguments.command](DeadLetters(client), arguments, settings)
    except RedisError as error:
        print(
            f"Redis could not be asked. It does not answer as it should ({type(error).__name__}). "
            "See that it runs, and that REDIS_URL is the workers'.",
            file=sys.stderr,
        )
        return REFUSED
    except (OSError, _Refused) as refused:
        print(refused, file=sys.stderr)
        return REFUSED
    finally:
        client.close()
    return DONE


def _list(letters: DeadLetters, arguments: argparse.Namespace, _: Settings) -> None:
    found = letters.all()
    if arguments.json:
        print(json.dumps([_facts(letter) for letter in found]))
        return
    for letter in found:
        facts = _facts(letter)
        print(f"{facts['id']}  {facts['set_aside']}  {facts['lane']:<8}  {facts['problem']:<7}  {facts['model']}")
    if not found:
        print("Nothing is set aside.")


def _show(letters: DeadLetters, arguments: argparse.Namespace, _: Settings) -> None:
    letter = _found(letters, arguments.id)
    facts = _facts(letter) | {"job": letter.job.model_dump(mode="json"), "words": letter.failed.problem.sentence()}
    if arguments.out:
        picture = letters.picture(arguments.id)
        if picture is None:
            raise _Refused(f"Job {arguments.id} has no picture. It was asked for in words alone. Leave --out away.")
        arguments.out.write_bytes(picture)
        facts["file"] = str(arguments.out)
    if arguments.json:
        print(json.dumps(facts))
        return
    request = {name: value for name, value in facts.pop("job")["request"].items() if value is not None}
    print(*(f"{name:<9} {value}" for name, value in {**facts, "request": json.dumps(request)}.items()), sep="\n")


def _retry(letters: DeadLetters, arguments: argparse.Namespace, settings: Settings) -> None:
    letter = _found(letters, arguments.id)
    new_id = _next_id(letter.job.id)
    match letters.retry(letter, new_id, settings.keep_seconds):
        case Retried.NOT_THERE:
            raise _Refused(_NOT_THERE.format(id=arguments.id))
        case Retried.NOT_TOLD:
            raise _Refused(
                f"Job {arguments.id} waits for the bot. Its owner was not told yet that it failed. "
                "Start the bot, then retry."
            )
    words = f"Job {arguments.id} is queued again as {new_id}. Its answer comes where the first one came."
    print(json.dumps({"id": arguments.id, "queued": new_id}) if arguments.json else words)


def _drop(letters: DeadLetters, arguments: argparse.Namespace, _: Settings) -> None:
    if not letters.drop(arguments.id):
        raise _Refused(_NOT_THERE.format(id=arguments.id))
    words = f"Job {arguments.id} and its picture are dropped."
    print(json.dumps({"id": arguments.id, "dropped": True}) if arguments.json else words)


_NOT_THERE: Final = (
    "Job {id} is not set aside. It never was, it was retried or dropped, or KEEP_SECONDS are over. "
    "See `python -m worker dead-letters list`."
)
_COMMANDS: Final[Mapping[str, Callable[[DeadLetters, argparse.Namespace, Settings], None]]] = {
    "list": _list,
    "show": _show,
    "retry": _retry,
    "drop": _drop,
}


def _found(letters: DeadLetters, job_id: str) -> DeadLetter:
    letter = letters.find(job_id)
    if letter is None:
        raise _Refused(_NOT_THERE.format(id=job_id))
    return letter


def _next_id(job_id: str) -> str:
    """Name the retry of a job: a message's answer is said once an id, so a second one needs an id of its own."""
    first, _, times = job_id.partition("-r")
    return f"{first}-r{int(times or 0) + 1}"


def _facts(letter: DeadLetter) -> dict[str, Any]:
    job = letter.job
    return {
        "id": job.id,
        "set_aside": datetime.fromtimestamp(letter.set_aside, UTC).isoformat(timespec="seconds"),
        "waited": round(time.time() - job.accepted_at),
        "lane": str(letter.lane),
        "problem": letter.failed.problem.code,
        "model": job.request.model,
        "user": str(job.requester.id),
        "claims": letter.claims,
        "calls": letter.calls,
        "picture": letter.picture,
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m worker dead-letters", description=main_dead_letters.__doc__)
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
