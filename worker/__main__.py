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

import sys
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from shared.settings import InvalidSettingsError
from shared.version import describe_version
from worker.app import run_worker
from worker.cli.command import ExitCode, build_parser
from worker.cli.dead_letters import run_dead_letters
from worker.cli.generate import run_generate
from worker.cli.policy import run_policy
from worker.doctor.command import LIBRARIES, run_doctor


def main(argv: Sequence[str] | None = None) -> int:
    """Run the worker or one of the commands, and return the exit code."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    match arguments:
        case [command, *rest] if command in _COMMANDS:
            return _COMMANDS[command](rest)
        case []:
            try:
                is_stopped = run_worker()
            except InvalidSettingsError as error:
                print(error, file=sys.stderr)
                return ExitCode.USAGE
            return ExitCode.OK if is_stopped else ExitCode.FAILED
        case _:
            is_help = bool({"-h", "--help"} & set(arguments))
            print(__doc__, file=sys.stdout if is_help else sys.stderr)
            return ExitCode.OK if is_help else ExitCode.USAGE


def print_version(argv: Sequence[str]) -> ExitCode:
    """Print the release, the stored format, and the versions of Python and the libraries."""
    build_parser("version", print_version.__doc__).parse_args(argv)
    print(describe_version(LIBRARIES))
    return ExitCode.OK


_COMMANDS: Final[Mapping[str, Callable[[Sequence[str]], int]]] = MappingProxyType(
    {
        "generate": run_generate,
        "doctor": run_doctor,
        "check": run_doctor,
        "policy": run_policy,
        "dead-letters": run_dead_letters,
        "version": print_version,
    }
)


if __name__ == "__main__":
    sys.exit(main())
