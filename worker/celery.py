"""The app where `celery -A worker` looks for it. Only that command imports this module, which reads the settings."""

import sys

from dotenv import load_dotenv

from shared.settings import InvalidSettingsError
from worker.app import load_app

load_dotenv(".env")  # boto3 reads its variables only from the environment
try:
    app = load_app()
except InvalidSettingsError as error:
    sys.exit(str(error))
