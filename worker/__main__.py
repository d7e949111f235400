"""`python -m worker`: run the worker, generate a picture, check the AWS account, handle dead letters.

python -m worker                    run (as celery -A worker worker does, with the right options)
python -m worker generate …         generate one picture, without Discord and Redis
python -m worker check              check credentials, region and the access to each model
python -m worker dead-letters …     list, show, retry or drop the jobs whose workers died
"""

import sys
from collections.abc import Sequence

from shared.settings import InvalidSettingsError
from worker.app import run_worker
from worker.cli.check import run_check
from worker.cli.command import ExitCode
from worker.cli.dead_letters import run_dead_letters
from worker.cli.generate import run_generate


def main(argv: Sequence[str] | None = None) -> ExitCode:
    """Run the worker or one of the commands, and return the exit code."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    match arguments:
        case ["generate", *rest]:
            return run_generate(rest)
        case ["check", *rest]:
            return run_check(rest)
        case ["dead-letters", *rest]:
            return run_dead_letters(rest)
        case []:
            try:
                run_worker()
            except InvalidSettingsError as error:
                print(error, file=sys.stderr)
                return ExitCode.USAGE
            return ExitCode.OK
        case _:
            is_help = bool({"-h", "--help"} & set(arguments))
            print(__doc__, file=sys.stdout if is_help else sys.stderr)
            return ExitCode.OK if is_help else ExitCode.USAGE


if __name__ == "__main__":
    sys.exit(main())
