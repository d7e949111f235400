"""`python -m worker`: run the worker, generate a picture, check the AWS account, handle dead letters.

python -m worker                    run (as celery -A worker worker does, with the right options)
python -m worker generate …         generate one picture, without Discord and Redis
python -m worker doctor             check settings, Redis, credentials, region, each model and this machine
python -m worker check              the same as doctor
python -m worker policy             print the least IAM policy for the models on offer
python -m worker dead-letters …     list, show, retry or drop the jobs whose workers died
python -m worker version            print the release, the stored format, and the versions of Python and the libraries

Exit codes: 0 stopped by a signal, or done; 1 failed, or ended by itself; 2 invalid settings or arguments; 3 filtered.
"""

import signal
import sys
from collections.abc import Callable, Sequence

from shared.settings import InvalidSettingsError
from shared.version import describe_version
from worker.cli.command import ExitCode, build_parser
from worker.configuration import load_configuration


def main(argv: Sequence[str] | None = None) -> int:
    """Run the worker or one of the commands, and return the exit code."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    match arguments:
        case [command, *rest] if (run_command := import_command(command)) is not None:
            return run_command(rest)
        case []:
            return run_until_stopped()
        case _:
            is_help = bool({"-h", "--help"} & set(arguments))
            print(__doc__, file=sys.stdout if is_help else sys.stderr)
            return ExitCode.OK if is_help else ExitCode.USAGE


def run_until_stopped() -> ExitCode:
    """Run the worker until it ends.

    Celery is imported last: it then takes the 7 MiB of memory that the check of AWS's configuration has freed.
    """
    for number in (
        signal.SIGTERM,
        signal.SIGINT,
        signal.SIGHUP,
    ):  # until Celery handles signals, there is nothing to finish
        signal.signal(number, lambda *_: sys.exit(0))
    try:
        settings, catalogue = load_configuration()
        from worker.app import run_worker  # noqa: PLC0415 - see above

        is_stopped = run_worker(settings, catalogue)
    except InvalidSettingsError as error:
        print(error, file=sys.stderr)
        return ExitCode.USAGE
    return ExitCode.OK if is_stopped else ExitCode.FAILED


def import_command(name: str) -> Callable[[Sequence[str]], int] | None:
    """Import a command, which a worker need not have in memory; None if there is none of this name."""
    match name:
        case "generate":
            from worker.cli.generate import run_generate  # noqa: PLC0415

            return run_generate
        case "doctor" | "check":
            from worker.doctor.command import run_doctor  # noqa: PLC0415

            return run_doctor
        case "policy":
            from worker.cli.policy import run_policy  # noqa: PLC0415

            return run_policy
        case "dead-letters":
            from worker.cli.dead_letters import run_dead_letters  # noqa: PLC0415

            return run_dead_letters
        case "version":
            return print_version
        case _:
            return None


def print_version(argv: Sequence[str]) -> ExitCode:
    """Print the release, the stored format, and the versions of Python and the libraries."""
    from worker.doctor.command import LIBRARIES  # noqa: PLC0415

    build_parser("version", print_version.__doc__).parse_args(argv)
    print(describe_version(LIBRARIES))
    return ExitCode.OK


if __name__ == "__main__":
    sys.exit(main())
