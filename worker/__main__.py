"""`python -m worker`: run the worker, generate one picture by hand, or check the AWS account.

python -m worker                    run (the same as: celery -A worker worker, with the right switches)
python -m worker generate …         one picture, without Discord and Redis
python -m worker check              credentials, region, access to the models
python -m worker health             is the worker of this machine alive? for a container's health check
"""

import logging
import sys
from collections.abc import Sequence

from celery import Celery
from pydantic import ValidationError

from worker.celery_app import create_app
from worker.command_line import main_check, main_generate
from worker.settings import Settings

SWITCHES = ("worker", "--without-gossip", "--without-mingle", "--without-heartbeat")
LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def celery_app() -> Celery:
    """Read the settings and build the app; what is wrong with them is said all at once, and ends the process."""
    try:
        settings = Settings()
        logging.basicConfig(level=settings.log_level, format=LOG_FORMAT)
        logging.getLogger("celery").setLevel(logging.WARNING)
        logging.getLogger("botocore").setLevel(logging.WARNING)
        return create_app(settings)
    except (OSError, ValidationError, ValueError) as error:
        sys.exit(
            f"The worker cannot start. Its settings are not right:\n{error}\nMend them in the environment or in .env."
        )


def main(arguments: Sequence[str]) -> int:
    """Run one of the commands; the answer is the exit code."""
    match list(arguments):
        case ["generate", *rest]:
            return main_generate(rest)
        case ["check", *rest]:
            return main_check(rest)
        case []:
            celery_app().worker_main([*SWITCHES])
            return 0
        case _:
            print(__doc__, file=sys.stdout if {"-h", "--help"} & set(arguments) else sys.stderr)
            return 0 if {"-h", "--help"} & set(arguments) else 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
