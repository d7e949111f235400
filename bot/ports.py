"""What the bot needs of the queue, a verb or two each; `bot.adapters` fulfils it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from shared.job import Job
from shared.outcome import Outcome


class State(StrEnum):
    """Where an accepted job stands. WAITING covers prepared jobs and those released to be tried again."""

    PREPARING = "preparing"
    WAITING = "waiting"
    RUNNING = "running"
    FINISHED = "finished"
    DELIVERED = "delivered"


@dataclass(frozen=True)
class Standing:
    """An accepted job as the queue knows it now.

    `position` is 1 for the next one up (0 when it does not wait), `estimate` seconds until its picture is expected,
    `since` Unix seconds when its state began; `thread` is the snowflake of its thread once one is open.
    """

    job: Job
    state: State
    position: int
    estimate: float
    since: float
    thread: int | None
    outcome: Outcome | None


@dataclass(frozen=True)
class Delivery:
    """One outcome read from the stream: the entry to acknowledge and the job it ends."""

    entry: str
    job_id: str


class Accepting(Protocol):
    """Taking on a job."""

    async def accept(self, job: Job, source: bytes | None) -> bool:
        """Queue the job with its picture; False when this very job was accepted before.

        Raises `shared.errors.Refused` (no_room, too_many_waiting, model_off, queue_unreachable); nothing is kept then.
        """
        ...

    async def opened(self, job_id: str, thread: int) -> None:
        """Remember the thread that was opened for this job."""
        ...


class Watching(Protocol):
    """Seeing where jobs stand."""

    async def open_jobs(self) -> Sequence[str]:
        """List the ids of all jobs that are accepted and not delivered, oldest first."""
        ...

    async def standings(self, job_ids: Collection[str]) -> Sequence[Standing]:
        """Tell where these jobs stand now; the ones the queue does not know are left out."""
        ...


class Delivering(Protocol):
    """Handing outcomes to the people who wait for them."""

    async def outcomes(self) -> Sequence[Delivery]:
        """Wait a few seconds at most for outcomes that nobody acknowledged yet, oldest first; none is an empty answer.

        After a start, those that were read before and never acknowledged come first.
        """
        ...

    async def picture(self, job_id: str) -> bytes | None:
        """Fetch the finished picture, or None when it is kept no longer."""
        ...

    async def delivered(self, delivery: Delivery, message: int | None) -> None:
        """Acknowledge: the outcome was told in this message (None: nowhere left to tell it). Frees the bytes."""
        ...
