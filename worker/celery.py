"""The app where `celery -A worker` looks for it. Only that command imports this module, which reads the settings."""

import sys

from shared.settings import InvalidSettingsError
from worker.app import set_up_app
from worker.configuration import load_configuration

try:
    app = set_up_app(*load_configuration())
except InvalidSettingsError as error:
    print(error, file=sys.stderr)  # noqa: T201 - the end of a command
    sys.exit(2)
