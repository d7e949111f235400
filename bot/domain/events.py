"""The events of the bot that an operator counts."""

from collections.abc import Sequence
from typing import Final

from bot.domain.status import JobStatus
from shared.job import Job
from shared.problems import Problem


class Events:
    """Is told what happens, and counts nothing: `bot.metrics` does if the bot is scraped."""

    def note_acceptance(self, job: Job) -> None:
        """Note that the queue has accepted a job."""

    def note_refusal(self, problems: Sequence[Problem]) -> None:
        """Note that a person was told why something that they asked for is not done."""

    def note_delivery(self, status: JobStatus) -> None:
        """Note that the outcome of a job was posted or stored, for the first time."""

    def note_delivery_failure(self, error: BaseException) -> None:
        """Note that an outcome could not be delivered for now."""


NO_EVENTS: Final = Events()
