"""The half that knows AWS. `celery -A worker worker` finds its app here, made when it is asked for."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from celery import Celery

    app: Celery


def __getattr__(name: str) -> object:
    if name == "app":
        from worker.__main__ import celery_app  # noqa: PLC0415 - importing a module of ours must open nothing

        globals()["app"] = celery_app()
        return globals()["app"]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
