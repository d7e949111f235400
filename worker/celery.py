"""The app where `celery -A worker` looks for it; only that command imports this, for it reads the settings at once."""

from worker.__main__ import build_celery_app

app = build_celery_app()
