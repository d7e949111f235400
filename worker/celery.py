"""The app where `celery -A worker` looks for it. Only that command imports this module, which reads the settings."""

import sys

from shared.settings import InvalidSettingsError
from worker.app import load_app

try:
    app = load_app()
except InvalidSettingsError as error:
    print(error, file=sys.stderr)  # noqa: T201 - the end of a command
    sys.exit(2)
