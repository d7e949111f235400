"""The two stages of a job, and the Celery task that works on each."""

from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Stage(StrEnum):
    """A stage of a job. Each has a Celery queue of its name, and a fair queue in Redis."""

    PREPARE = "prepare"
    GENERATE = "generate"


TASK_NAMES: Final = MappingProxyType({Stage.PREPARE: "worker.tasks.prepare", Stage.GENERATE: "worker.tasks.generate"})
"""The names that tickets carry."""
