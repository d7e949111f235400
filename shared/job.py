"""A request with an id, a requester and a place to answer."""

import re
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict

from shared.request.model import Request

_JOB_ID_PATTERN: Final = re.compile(r"[0-9]{1,20}(?:-[0-9]{2})?")


class Origin(BaseModel):
    """Where a job is answered, as Discord's snowflakes. The thread under `message` has the message's own id.

    `in_place` is true where the command was used inside a thread, which is then `channel`; `direct` where that is the
    direct messages with the one who asked.
    https://discord.com/developers/docs/topics/threads
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    guild_id: int
    channel_id: int
    message_id: int
    is_in_thread: bool = False
    is_direct_message: bool = False


class Requester(BaseModel):
    """Who asked: a user's snowflake, the name to show, the language to speak, whether a long wait ends in a ping."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: int
    name: str
    locale: str = "en-US"
    may_ping: bool = False


class SourceKind(StrEnum):
    """Which of its thread's pictures a job starts from that came with none: the latest, the first, or another."""

    LATEST = "latest"
    ORIGINAL = "original"
    EARLIER = "earlier"


class Job(BaseModel):
    """One ask. `id` is the snowflake of the interaction that asked, so a redelivered interaction is the same job.

    One interaction may ask for several: their ids end in `-01`, `-02` … (`cell_id`).

    `seed` is what is sent to the model (1 to its maximum), drawn before the first call; None for a model that reads
    none. `accepted_at` is Unix seconds. `parent` is the job whose picture or settings this one goes on from.
    `start` is set where its picture was found in the thread.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    request: Request
    seed: int | None
    requester: Requester
    origin: Origin
    accepted_at: float
    parent_id: str | None = None
    source_kind: SourceKind | None = None

    @property
    def tenant(self) -> str:
        """Whose turn is being shared out: the person who asked."""
        return tenant_for_user(self.requester.id)

    @property
    def exploration_id(self) -> str | None:
        """The exploration that this job is a cell of, whose message is not the job's own; None where it is of none."""
        grid, _, cell = self.id.partition("-")
        return grid if cell else None


def parse_job_id(text: str) -> str | None:
    """Return the text if it has the form of a job id, else None."""
    return text if _JOB_ID_PATTERN.fullmatch(text) else None


def make_variant_id(exploration_id: str, number: int) -> str:
    """Name the job of an exploration's cell, 1 to 99."""
    return f"{exploration_id}-{number:02}"


def tenant_for_user(user_id: int) -> str:
    """Name the flow of a person's jobs."""
    return f"user-{user_id}"
