"""`python -m worker`: run the worker, generate one picture by hand, check the AWS account, see to dead letters.

python -m worker                    run (the same as: celery -A worker worker, with the right switches)
python -m worker generate …         one picture, without Discord and Redis
python -m worker check              credentials, region, access to the models
python -m worker dead-letters …     list, show, retry or drop the jobs whose workers died
"""

import logging
import sys
from collections.abc import Sequence

from celery import Celery
from dotenv import load_dotenv

from shared.logging import UtcFormatter, configure_logging
from shared.settings import InvalidSettingsError, read_settings
from worker.app import create_app
from worker.cli.dead_letters import run_dead_letters
from worker.cli.generate import run_check, run_generate
from worker.malloc import tune_malloc
from worker.settings import Settings

CELERY_OPTIONS = ("worker", "--without-gossip", "--without-mingle", "--without-heartbeat")


def build_celery_app() -> Celery:
    """Read the settings and build the app; what is wrong with them is said all at once, and ends the process."""
    tune_malloc()
    load_dotenv(".env")  # boto3 reads AWS's variables from the environment alone
    try:
        settings = read_settings(Settings)
    except InvalidSettingsError as missing:
        sys.exit(f"The worker is not set up. Put these into the environment or into .env:\n{missing}")
    configure_logging(settings.log_level, UtcFormatter())
    for chatty in ("celery", "kombu", "botocore", "urllib3"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    try:
        return create_app(settings)
    except (OSError, ValueError) as error:
        sys.exit(f"CATALOGUE_FILE is wrong: {error}")


def main(arguments: Sequence[str]) -> int:
    """Run one of the commands; the answer is the exit code."""
    match list(arguments):
        case ["generate", *rest]:
            load_dotenv(".env")
            return run_generate(rest)
        case ["check", *rest]:
            load_dotenv(".env")
            return run_check(rest)
        case ["dead-letters", *rest]:
            return run_dead_letters(rest)
        case []:
            build_celery_app().worker_main([*CELERY_OPTIONS])
            return 0
        case _:
            print(__doc__, file=sys.stdout if {"-h", "--help"} & set(arguments) else sys.stderr)
            return 0 if {"-h", "--help"} & set(arguments) else 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
