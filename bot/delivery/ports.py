"""The interfaces that delivering outcomes needs; tests replace them by fakes."""

from collections.abc import Callable, Collection, Sequence
from typing import Protocol

import discord
from discord import ui

from bot.domain.guild_settings import GuildSettings
from bot.domain.messages import MessageRef
from bot.domain.ports import JobStatusReader
from bot.domain.records import ClosedRecord
from bot.domain.rounds import Contest, RoundEntry
from bot.domain.status import JobStatus, OutcomeEntry
from bot.domain.unreadable import JobOwner, UnreadableJob
from bot.interactions.responses import RenderedMessage
from shared.job import Job


class OutcomeStream(JobStatusReader, Protocol):
    """The stream of outcomes, and the jobs and pictures that they are about. Implemented by `bot.queue`."""

    async def read_outcomes(self) -> Sequence[OutcomeEntry]:
        """Wait up to a few seconds for outcomes that nobody acknowledged yet, and return them, oldest first.

        Each is returned once, unless it is released.
        """
        ...

    def restart(self) -> None:
        """Read the whole stream again, from its beginning, without entries that were read and not released."""
        ...

    def release_outcome(self, entry: OutcomeEntry) -> None:
        """Leave an outcome to another bot; it is read again with the whole stream."""
        ...

    async def load_unreadable_jobs(self, job_ids: Collection[str]) -> Sequence[UnreadableJob]: ...

    async def load_result_image(self, job_id: str) -> bytes | None: ...

    async def acknowledge_outcome(self, entry: OutcomeEntry, message_id: int | None) -> None: ...


class DeliveryStore(Protocol):
    """Records how jobs ended. Only the end of an item of a batch raises: others are posted without the database."""

    async def load_closed_record(self, job_id: str) -> ClosedRecord | None: ...

    async def load_owner(self, job_id: str) -> JobOwner | None: ...

    async def mark_delivered(self, status: JobStatus, message: MessageRef | None, image: bytes | None = None) -> None:
        """`image` is the picture of an item of a batch. Raises `RejectedError` for such a job."""
        ...


class EntryReader(Protocol):
    """Reads the entries of contests. Implemented by `bot.storage`."""

    async def find_entry(self, job_id: str) -> RoundEntry | None:
        """Raises `RejectedError`."""
        ...

    async def find_contest(self, contest_id: str) -> Contest | None:
        """Raises `RejectedError`."""
        ...


class GuildSettingsReader(Protocol):
    """Reads the settings of servers. Implemented by `bot.storage`."""

    async def load_settings(self, guild_id: int) -> GuildSettings:
        """Raises `RejectedError`."""
        ...


class StatusMessageFinalizer(Protocol):
    """Edits status messages a last time, or deletes them. Implemented by `bot.status`."""

    async def finalize_message(self, job: Job, content: str | Callable[[], RenderedMessage]) -> bool: ...

    async def replace_message(self, job: Job, view: ui.LayoutView, files: Sequence[discord.File]) -> None: ...

    async def delete_message(self, job: Job) -> None: ...
